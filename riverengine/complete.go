package riverengine

import (
	"context"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/journal"
)

// completed are attempts that are done, by column.
type completed struct {
	jobs         []int64
	begun, ended []time.Time
	metadata     []*string // to be merged into the job's; nil for none
}

// completer is a database that can complete jobs in one statement, each only if
// it is still at its attempt. It returns those that it has completed.
type completer interface {
	complete(ctx context.Context, c *completed) (jobs []int64, err error)
}

// completeMost completes what is done, where the database can do that: it is
// nearly all that workers write, and costs a single round trip. It returns what
// is left for River to write.
func (e executor) completeMost(ctx context.Context, p *riverdriver.JobSetStateIfRunningManyParams, of map[int64]*attempt) (*riverdriver.JobSetStateIfRunningManyParams, error) {
	db, ok := e.engine.db.(completer)
	if !ok {
		return p, nil
	}
	var c completed
	for i, job := range p.ID {
		a := of[job]
		if a == nil || a.begun.IsZero() || p.State[i] != rivertype.JobStateCompleted || p.FinalizedAt[i] == nil {
			continue
		}
		c.jobs, c.begun, c.ended = append(c.jobs, job), append(c.begun, a.begun), append(c.ended, *p.FinalizedAt[i])
		var metadata *string
		if p.MetadataDoMerge[i] {
			text := string(p.MetadataUpdates[i])
			metadata = &text
		}
		c.metadata = append(c.metadata, metadata)
	}
	if len(c.jobs) == 0 {
		return p, nil
	}
	done, err := db.complete(ctx, &c)
	if err != nil {
		return nil, err
	}
	for _, job := range done {
		a := of[job]
		e.engine.attempts.forget(job, a)
		if delete(of, job); a.end.Written != nil {
			a.end.Written(journal.StatusDone)
		}
	}
	if len(done) == len(p.ID) {
		return nil, nil
	}
	return without(p, done), nil
}

// completeJobs also deletes the arguments, which a trigger does else.
const completeJobs = `UPDATE @river_job AS j
SET state = 'completed', finalized_at = d.ended, args = '{}', metadata = j.metadata || coalesce(d.metadata, '{}') || '{"forgotten": true}'
FROM (SELECT unnest($1::bigint[]) AS id, unnest($2::timestamptz[]) AS begun, unnest($3::timestamptz[]) AS ended, unnest($4::text[])::jsonb AS metadata) AS d
WHERE j.id = d.id AND j.state = 'running' AND j.attempted_at = d.begun
RETURNING j.id`

func (d *postgresDB) complete(ctx context.Context, c *completed) (jobs []int64, err error) {
	complete := func(s session, _ any) error {
		return s.query(ctx, func(scan scan) error {
			var job int64
			err := scan(&job)
			jobs = append(jobs, job)
			return err
		}, completeJobs, c.jobs, c.begun, c.ended, c.metadata)
	}
	if d.server.isolated {
		err = d.write(ctx, complete)
	} else {
		err = complete(d.read(), nil) // without the round trips of a transaction
	}
	return jobs, err
}

package riverengine

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// stuckKind is the kind under which the rescuer sees every lost job, so
// that a leader can judge jobs of tasks that it does not know. River would
// discard those. No task's name has a colon.
const stuckKind = "saferunner:stuck"

// executor is River's, for a leader that finds lost attempts as the engine does:
// by their process, and not by how long they take.
type executor struct {
	riverdriver.Executor
	engine *Engine
}

// JobGetStuck returns the jobs whose process is dead, and none while this
// process may not judge that. The clock of the leader, by which River's horizon
// goes, has no say.
func (e executor) JobGetStuck(ctx context.Context, p *riverdriver.JobGetStuckParams) ([]*rivertype.JobRow, error) {
	last, mayJudge, err := e.engine.process.renew(ctx)
	if err != nil || !mayJudge {
		return nil, err
	}
	jobs, now, err := e.engine.lostJobs(ctx, last, p.AfterID, p.Max)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	e.engine.judged.Store(now)
	rows, err := e.JobGetByIDMany(ctx, &riverdriver.JobGetByIDManyParams{ID: jobs, Schema: p.Schema})
	if err != nil {
		rows, err = e.oneByOne(ctx, p, jobs)
	}
	for _, row := range rows {
		e.engine.prepare(row)
	}
	return rows, err
}

// lostJobs returns the first jobs after one whose attempt was begun by a process that is
// dead, and the time of the database's clock in milliseconds. This process could judge at last.
func (e *Engine) lostJobs(ctx context.Context, last, after int64, most int) (jobs []int64, now int64, err error) {
	err = e.db.read().query(ctx, func(scan scan) error {
		var job int64
		err := scan(&job, &now)
		jobs = append(jobs, job)
		return err
	}, e.lostQuery(), last, after, most)
	return jobs, now, err
}

// lostQuery reads what is running first: that is little, and has an index.
func (e *Engine) lostQuery() string {
	return "WITH running AS MATERIALIZED (SELECT id, " + e.db.attemptedBy() + " AS process FROM @river_job WHERE state = 'running' AND id > $2)" +
		" SELECT id, " + e.db.clock() + " FROM running WHERE " + e.process.dead("running.process") + " AND " + e.process.judging() + " ORDER BY id LIMIT $3"
}

// oneByOne returns the jobs as far as they can be read, where that of one cannot.
func (e executor) oneByOne(ctx context.Context, p *riverdriver.JobGetStuckParams, jobs []int64) (all []*rivertype.JobRow, err error) {
	for _, job := range jobs {
		rows, err := e.Executor.JobGetStuck(ctx, &riverdriver.JobGetStuckParams{AfterID: job - 1, Max: 1, Schema: p.Schema, StuckHorizon: lastMoment})
		if err != nil {
			return nil, err
		}
		if len(rows) == 1 && rows[0].ID == job {
			all = append(all, rows[0])
		}
	}
	return all, nil
}

// prepare makes River judge a lost job, of which this is a copy, as the engine
// does, whatever the clock of this process says.
func (e *Engine) prepare(row *rivertype.JobRow) {
	var env envelope
	_ = json.Unmarshal(row.Metadata, &env) // if it cannot be read, the defaults
	task := cmp.Or(env.Task, row.Kind)
	row.MaxAttempts = row.Attempt
	if e.lost(row, task, &env).Status == journal.StatusQueued {
		row.MaxAttempts++
	}
	row.AttemptedAt = &firstMoment
	row.Kind, row.Tags = stuckKind, []string{task}
}

// lost is what it means that the end of a job's attempt was not seen.
func (e *Engine) lost(row *rivertype.JobRow, task string, env *envelope) engine.Ending {
	spec := engine.TaskSpec{Name: task, Retry: env.Retry}
	if now, ok := e.specs[task]; ok {
		spec = e.limits(spec, now)
	}
	return engine.Lost(spec, row.Attempt)
}

// lostText is what an attempt shows whose end was not seen.
var lostText = engine.Lost(engine.TaskSpec{}, 1).Error

// JobRescueMany has the attempts say what the engine says of them, and tells
// of the calls that end with it: nobody else does, since the process that
// executed them is gone. An attempt that has begun since they were found, in
// place of one of them, was not judged.
func (e executor) JobRescueMany(ctx context.Context, p *riverdriver.JobRescueManyParams) (*struct{}, error) {
	for i, text := range p.Error {
		p.Error[i] = withError(text, lostText)
	}
	p.StuckHorizon = time.UnixMilli(e.engine.judged.Load()).UTC()
	done, err := e.Executor.JobRescueMany(ctx, p)
	if err == nil {
		e.tellLost(ctx, p)
	}
	return done, err
}

// withError returns River's record of an attempt with another error.
func withError(record []byte, text string) []byte {
	var a rivertype.AttemptError
	if json.Unmarshal(record, &a) != nil {
		return record
	}
	a.Error = text
	changed, err := json.Marshal(a)
	if err != nil {
		return record
	}
	return changed
}

package riverengine

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/saferunner/saferunner"
)

// stuckKind is the kind under which the rescuer sees every stuck job, so
// that a leader can judge jobs of tasks that it does not know. River would
// discard those. No task's name has a colon.
const stuckKind = "saferunner:stuck"

// executor is River's, for a leader that judges stuck jobs as the engine does.
type executor struct {
	riverdriver.Executor
	engine *Engine
}

func (e executor) JobGetStuck(ctx context.Context, p *riverdriver.JobGetStuckParams) ([]*rivertype.JobRow, error) {
	rows, err := e.Executor.JobGetStuck(ctx, p)
	for _, row := range rows { // copies in memory
		var env envelope
		if json.Unmarshal(row.Metadata, &env) == nil {
			if spec, ok := e.engine.specs[cmp.Or(env.Task, row.Kind)]; ok {
				row.MaxAttempts = allowed(row, env.Retry, spec.Retry)
			}
		}
		row.Kind, row.Tags = stuckKind, []string{row.Kind}
	}
	return rows, err
}

// JobRescueMany tells of the calls that end with it: nobody else does, since
// the process that executed them is gone.
func (e executor) JobRescueMany(ctx context.Context, p *riverdriver.JobRescueManyParams) (*struct{}, error) {
	done, err := e.Executor.JobRescueMany(ctx, p)
	if err != nil {
		return done, err
	}
	for i, job := range p.ID {
		if p.State[i] == string(rivertype.JobStateDiscarded) {
			e.engine.interrupted(ctx, job)
		}
	}
	return done, nil
}

// interrupted logs that a job's call was, if the journal agrees.
func (e *Engine) interrupted(ctx context.Context, job int64) {
	const reason = "its end was not seen: its process died, or it took longer than its time: look whether it took effect, and run it again by hand if not"
	err := e.db.read().query(ctx, func(scan scan) error {
		var entry, task, runID string
		err := scan(&entry, &task, &runID)
		if err == nil {
			e.lost(ctx, saferunner.StatusInterrupted, entry, task, runID, reason)
		}
		return err
	}, "SELECT e.id, e.task, e.run_id FROM @river_job j JOIN @entries e ON e.id = j.metadata->>'entry' WHERE j.id = $1 AND e.status = 'interrupted'", job)
	if err != nil {
		e.log.ErrorContext(ctx, "saferunner: async calls interrupted: the journal has them, and cannot be read", slog.Any("error", err))
	}
}

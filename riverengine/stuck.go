package riverengine

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
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

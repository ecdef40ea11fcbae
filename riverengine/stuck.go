package riverengine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
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
	if e.engine.wasAway() {
		return nil, nil
	}
	rows, err := e.Executor.JobGetStuck(ctx, p)
	e.engine.judged.set(rows)
	for _, row := range rows {
		e.engine.prepare(row)
	}
	return rows, err
}

// judged are the attempts that the leader has found when it last looked for
// stuck ones, by their jobs.
type judged struct {
	mu    sync.Mutex
	begun map[int64]time.Time
}

func (j *judged) set(rows []*rivertype.JobRow) {
	begun := make(map[int64]time.Time, len(rows))
	for _, row := range rows {
		if row.AttemptedAt != nil {
			begun[row.ID] = *row.AttemptedAt
		}
	}
	j.mu.Lock()
	j.begun = begun
	j.mu.Unlock()
}

// horizon is a time after which none of the attempts at these jobs had begun,
// and all have that came after them: what began later was not judged. Times are
// those of the database, whatever the clock of the leader says.
func (j *judged) horizon(jobs []int64) (last time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, job := range jobs {
		if t := j.begun[job]; t.After(last) {
			last = t
		}
	}
	return last.Add(time.Millisecond) // SQLite has no less
}

// prepare makes River judge a stuck job, of which this is a copy, as the
// engine does.
func (e *Engine) prepare(row *rivertype.JobRow) {
	var env envelope
	_ = json.Unmarshal(row.Metadata, &env) // if it cannot be read, the defaults
	task := cmp.Or(env.Task, row.Kind)
	row.MaxAttempts = row.Attempt
	if e.lost(row, task, &env).Status == journal.StatusQueued {
		row.MaxAttempts++
	}
	if row.AttemptedAt != nil && time.Since(*row.AttemptedAt) < e.lostAfter(task, &env) {
		row.Metadata = withoutCancel(row.Metadata)
	}
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

// lostAfter is how long an attempt may take until it counts as lost: longer
// than what its job was sent with, which no worker exceeds, and than what its
// task has here by now.
func (e *Engine) lostAfter(task string, env *envelope) time.Duration {
	sent, _ := parseHead(env.Call) // if it cannot be read, the default
	return max(e.specs[task].Timeout, cmp.Or(sent.timeout, e.timeout)) + grace
}

// withoutCancel hides that a job is to be cancelled. River would not give it
// the time to end by itself.
func withoutCancel(metadata []byte) []byte {
	const cancel = "cancel_attempted_at"
	if !bytes.Contains(metadata, []byte(cancel)) {
		return metadata
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(metadata, &all) != nil {
		return metadata
	}
	delete(all, cancel)
	rest, err := json.Marshal(all)
	if err != nil {
		return metadata
	}
	return rest
}

// lostText is what an attempt shows whose end was not seen.
var lostText = engine.Lost(engine.TaskSpec{}, 1).Error

// JobRescueMany has the attempts say what the engine says of them, and tells
// of the calls that end with it: nobody else does, since the process that
// executed them is gone.
func (e executor) JobRescueMany(ctx context.Context, p *riverdriver.JobRescueManyParams) (*struct{}, error) {
	for i, text := range p.Error {
		p.Error[i] = withError(text, lostText)
	}
	if horizon := e.engine.judged.horizon(p.ID); horizon.Before(p.StuckHorizon) {
		p.StuckHorizon = horizon
	}
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

package riverengine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

const (
	// sealedPause is the wait for a worker that can read the arguments.
	sealedPause = 15 * time.Second
)

// overrun is how long after its time a call that goes on is logged.
var overrun = 5 * time.Second

// worker works the jobs of one task, or judges the lost ones of any.
type worker struct {
	river.WorkerDefaults[jobArgs]
	engine *Engine
	spec   engine.TaskSpec
}

// Timeout is none, since call sees to that. Of a lost job the time is over.
func (w *worker) Timeout(*river.Job[jobArgs]) time.Duration {
	if w.spec.Name != "" {
		return -1
	}
	return 1
}

// NextRetry is when the ending of the attempt says: that of Work, or of the
// loss of a job.
func (w *worker) NextRetry(job *river.Job[jobArgs]) time.Time {
	if w.spec.Name != "" {
		return time.Now().Add(job.Args.wait)
	}
	var env envelope
	_ = json.Unmarshal(job.Metadata, &env) // if it cannot be read, the defaults
	return time.UnixMilli(w.engine.judged.Load()).Add(w.engine.lost(job.JobRow, job.Tags[0], &env).Wait)
}

// Work executes one attempt. River writes its end once Work has returned.
func (w *worker) Work(ctx context.Context, job *river.Job[jobArgs]) error {
	d, err := w.engine.delivery(job.JobRow, job.Args.payload)
	a := w.engine.attempts.begin(job.JobRow, d.EntryID)
	defer w.engine.attempts.finish(a)
	if ctx.Err() != nil || !w.engine.process.covers(a.begun) { // the process was stopped meanwhile, or is not seen
		return river.JobSnooze(0)
	}
	if errors.Is(err, errSealed) {
		w.engine.log.ErrorContext(ctx, "saferunner: a call waits", slog.String("entry", d.EntryID), slog.Any("error", err))
		return river.JobSnooze(sealedPause)
	}
	if err != nil {
		return w.refuse(ctx, job, a, d, journal.StatusFailed, err)
	}
	if status, err := spent(job.JobRow, d.Task.Retry, w.spec.Retry); err != nil {
		return w.refuse(ctx, job, a, d, status, err)
	}
	d.Task = w.engine.limits(d.Task, w.spec)
	end, stopped := w.call(ctx, d)
	a.end = end
	return w.obey(ctx, job, d, end, stopped)
}

// call runs the handler, and reports whether the engine has stopped it.
func (w *worker) call(ctx context.Context, d engine.Delivery) (end engine.Ending, stopped bool) {
	ctx, cancel := attemptContext(ctx, d.Task.Timeout)
	defer cancel()
	late := time.AfterFunc(d.Task.Timeout+overrun, func() {
		w.engine.log.ErrorContext(ctx, "saferunner: a call goes on beyond its time: it stays running, and nobody else executes it, until it ends or this process does",
			slog.String("run_id", d.RunID), slog.String("task", d.Task.Name), slog.String("entry", d.EntryID), slog.Duration("timeout", d.Task.Timeout))
	})
	defer late.Stop()
	defer func() {
		if v := recover(); v != nil { // of a function that the runner was given
			end = engine.Lost(d.Task, d.Attempt)
			end.Error = fmt.Sprintf("its end was not seen: the runner panicked: %v", v)
		}
	}()
	end = w.engine.handler(ctx, d)
	return end, errors.Is(context.Cause(ctx), engine.ErrStopping)
}

// output is what River keeps of an attempt for the triggers. On SQLite it is
// merged into that of the attempt before: what is left out stays.
type output struct {
	Attempt int            `json:"attempt"` // the number of it
	Status  journal.Status `json:"status"`
	Error   string         `json:"error"`
	Stack   string         `json:"stack"`
	Result  string         `json:"result,omitempty"` // of a call that is done: JSON, as text: Postgres would refuse some of it, and SQLite take nulls out
	Stopped bool           `json:"stopped"`          // the attempt was cut short
}

// obey has River do what the ending says. What River itself would do does not
// matter: it looks at the job, as it is here, once Work has returned.
func (w *worker) obey(ctx context.Context, job *river.Job[jobArgs], d engine.Delivery, end engine.Ending, stopped bool) error {
	out := output{Attempt: job.Attempt, Status: end.Status, Error: plain(end.Error), Stack: plain(end.Stack), Stopped: stopped}
	if end.Status == journal.StatusDone {
		if out.Result = string(end.Result); out.Result != "" {
			w.record(ctx, d, out)
		}
		return nil
	}
	w.record(ctx, d, out)
	wait := max(end.Wait, 0)
	switch {
	case end.Status != journal.StatusQueued:
		return river.JobCancel(errors.New(out.Error))
	case !end.Counts:
		return river.JobSnooze(wait)
	}
	job.MaxAttempts, job.Args.wait = job.Attempt+1, wait
	return errors.New(out.Error)
}

// refuse ends a call that is not executed.
func (w *worker) refuse(ctx context.Context, job *river.Job[jobArgs], a *attempt, d engine.Delivery, status journal.Status, reason error) error {
	a.end = engine.Ending{Status: status, Error: reason.Error(), Written: func(s journal.Status) {
		w.engine.tell(ctx, d, engine.Ending{Status: s, Error: reason.Error()})
	}}
	return w.obey(ctx, job, d, a.end, false)
}

// record has River write the output together with the job's state.
func (w *worker) record(ctx context.Context, d engine.Delivery, out output) {
	err := river.RecordOutput(ctx, out)
	if err != nil && out.Result != "" { // too large, most likely
		reason, _ := json.Marshal("[not kept: " + err.Error() + "]")
		out.Result = string(reason)
		err = river.RecordOutput(ctx, out)
	}
	if err != nil {
		w.engine.log.ErrorContext(ctx, "saferunner: the end of a call is not in the journal", slog.String("entry", d.EntryID), slog.Any("error", err))
	}
}

package riverengine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

const (
	// grace is how long after its time a call counts as lost: what it did
	// still has to be written.
	grace = 5 * time.Second
	// sealedPause is the wait for a worker that can read the arguments.
	sealedPause = 15 * time.Second
)

// worker works the jobs of one task, or judges the stuck ones of any.
type worker struct {
	river.WorkerDefaults[jobArgs]
	engine *Engine
	spec   engine.TaskSpec
}

// Timeout is longer than any attempt's limit.
func (w *worker) Timeout(job *river.Job[jobArgs]) time.Duration {
	if w.spec.Name != "" {
		return w.limit(0) + grace
	}
	var env envelope
	_ = json.Unmarshal(job.Metadata, &env)       // if it cannot be read, the default
	return w.engine.lostAfter(job.Tags[0], &env) // see prepare
}

// limit is the time that an attempt may take: the task's own, and not more
// than its job was sent with, by which the leader judges whether it is lost.
func (w *worker) limit(sent time.Duration) time.Duration {
	own := cmp.Or(w.spec.Timeout, w.engine.timeout)
	if sent > 0 {
		return min(own, sent)
	}
	return own
}

// NextRetry is when the attempt's ending said, or the policy of the task for
// a job whose attempt has none: it was lost.
func (w *worker) NextRetry(job *river.Job[jobArgs]) time.Time {
	if !job.Args.next.IsZero() {
		return job.Args.next
	}
	policy := w.spec.Retry
	var env envelope
	if json.Unmarshal(job.Metadata, &env) == nil && w.spec.Name == "" {
		policy = env.Retry
	}
	return time.Now().Add(policy.Delay(max(job.Attempt, 1)))
}

// ending is what River keeps of an attempt for the triggers. On SQLite it is
// merged into that of the attempt before: what is left out stays.
type ending struct {
	Status journal.Status `json:"status,omitempty"` // if it is the call's last
	Error  string         `json:"error"`
	Stack  string         `json:"stack"`
	Result string         `json:"result,omitempty"` // JSON, as text: Postgres would refuse some of it, and SQLite take nulls out
}

// Work executes one attempt.
func (w *worker) Work(ctx context.Context, job *river.Job[jobArgs]) error {
	d, err := w.engine.delivery(job.JobRow, job.Args.payload)
	if errors.Is(err, errSealed) {
		w.engine.log.ErrorContext(ctx, "saferunner: a call waits", slog.String("entry", d.EntryID), slog.Any("error", err))
		return river.JobSnooze(sealedPause)
	}
	if err != nil {
		return w.refuse(ctx, d, journal.StatusFailed, err)
	}
	limit := allowed(job.JobRow, d.Task.Retry, w.spec.Retry)
	if status, err := spent(job.JobRow, limit); err != nil {
		return w.refuse(ctx, d, status, err)
	}
	if once(d.Task.Retry, w.spec.Retry) {
		limit = 1
	}
	d.Task.Retry, d.Task.Timeout = w.spec.Retry, w.limit(d.Task.Timeout)
	if d.Task.Retry.Attempts() != limit {
		d.Task.Retry.MaxAttempts = limit
	}
	d.Attempt = max(d.Attempt, begun(job.JobRow))
	e := w.call(ctx, d)
	if e.Status == journal.StatusQueued && !e.Counts {
		return river.JobSnooze(e.Wait)
	}
	if e.Status != journal.StatusDone || len(e.Result) > 0 {
		w.record(ctx, d, kept(e))
	}
	return w.obey(ctx, job, e)
}

// kept is what River keeps of an ending.
func kept(e engine.Ending) ending {
	end := ending{Error: plain(e.Error), Stack: plain(e.Stack), Result: string(e.Result)}
	if e.Status.Final() && e.Status != journal.StatusDone {
		end.Status = e.Status
	}
	return end
}

// refuse ends a call that is not executed.
func (w *worker) refuse(ctx context.Context, d engine.Delivery, status journal.Status, reason error) error {
	w.engine.lost(ctx, status, d.EntryID, d.Task.Name, d.RunID, reason.Error())
	end := ending{Status: status, Error: plain(reason.Error())}
	w.record(ctx, d, end)
	return river.JobCancel(errors.New(end.Error))
}

// lost logs the end of a call of which the runner does not know.
func (e *Engine) lost(ctx context.Context, status journal.Status, entry, task, runID, reason string) {
	e.log.ErrorContext(ctx, "saferunner: async call "+string(status),
		slog.String("run_id", runID), slog.String("task", task), slog.String("entry", entry), slog.String("error", reason))
}

// call has the handler execute the attempt, under a ctx that says why it
// ends.
func (w *worker) call(ctx context.Context, d engine.Delivery) engine.Ending {
	own, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	stop := context.AfterFunc(ctx, func() { end(causeOf(ctx)) })
	defer stop()
	own, cancel := context.WithTimeout(own, d.Task.Timeout)
	defer cancel()
	return w.engine.handler(own, d)
}

// causeOf says for engines why River has ended a ctx.
func causeOf(ctx context.Context) error {
	switch {
	case errors.Is(context.Cause(ctx), rivertype.ErrJobCancelledRemotely):
		return engine.ErrCancelled
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ctx.Err()
	}
	return engine.ErrStopping
}

// obey turns an ending into what River is to do. River keeps jobs whose error
// says that they were cancelled for another process: what must not run twice
// gets an error that does not say so.
func (w *worker) obey(ctx context.Context, job *river.Job[jobArgs], e engine.Ending) error {
	switch {
	case e.Status == journal.StatusDone:
		return nil
	case e.Status != journal.StatusQueued:
		return river.JobCancel(errors.New(plain(e.Error)))
	case ctx.Err() != nil && errors.Is(causeOf(ctx), engine.ErrStopping):
		return context.Canceled // it runs again, elsewhere
	}
	job.Args.next = time.Now().Add(e.Wait)
	return errors.New(plain(e.Error))
}

// record has River write the ending together with the job's state.
func (w *worker) record(ctx context.Context, d engine.Delivery, end ending) {
	err := river.RecordOutput(ctx, end)
	if err != nil && end.Result != "" { // too large, most likely
		reason, _ := json.Marshal("[not kept: " + err.Error() + "]")
		end.Result = string(reason)
		err = river.RecordOutput(ctx, end)
	}
	if err != nil {
		w.engine.log.ErrorContext(ctx, "saferunner: the end of a call is not in the journal", slog.String("entry", d.EntryID), slog.Any("error", err))
	}
}

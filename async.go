package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// async takes consecutive async calls to the engine, those that may execute
// as one batch.
func (l *list) async(from, to int) {
	var jobs []Job
	i := from
	for ; i < to && l.err == nil; i++ {
		l.freeze(i)
		if d := l.decide(i); d.verdict != executed {
			l.decline(i, d)
			continue
		}
		if l.run.records[i].call.key() != "" && !l.claim(i) {
			continue
		}
		l.settle(i, StatusQueued)
		if jobs == nil {
			jobs = make([]Job, 0, to-i)
		}
		jobs = append(jobs, l.job(i))
	}
	if len(jobs) > 0 {
		l.show(i)
		l.submit(jobs, from)
	}
}

func (l *list) job(i int) Job {
	rec := &l.run.records[i]
	return Job{
		EntryID: l.run.entryID(i), Task: *rec.call.spec(), Key: rec.call.key(),
		NotBefore: rec.call.notBefore(l.run.at), call: rec, position: i,
	}
}

// submit hands jobs to the engine, of which the first is not before from. If
// it takes none, all have failed.
func (l *list) submit(jobs []Job, from int) {
	l.pending().add(len(jobs))
	_, err := l.runner.engine().Submit(l.ctx, Batch{RunID: l.run.runID, Run: l.run.id(), Jobs: jobs})
	if err == nil {
		return
	}
	l.clean = from
	for _, j := range jobs {
		l.fail(j.position, fmt.Errorf("not queued: %w", err), "")
		l.pending().end(nil)
	}
}

// handle executes one delivery of the in-process engine.
func (r *Runner) handle(ctx context.Context, d Delivery) error {
	rec := d.call
	if ctx.Err() != nil {
		r.cancel(ctx, d, context.Cause(ctx))
		return nil
	}
	if r.decide(d.Task.Name).verdict != executed {
		rec.setStatus(StatusRecorded) // what let it through has ended since
		r.noteUnowned(rec)
		r.conclude(ctx, d, nil)
		return nil
	}
	rec.begin(time.Now(), d.Worker)
	r.write(ctx, d.records())

	returned := false
	defer func() {
		if !returned {
			_ = r.settle(ctx, d, nil, ErrGoexit, "")
		}
	}()
	c := &scopeContext{scope: r.taskScope(ctx, rec, d.Attempt, true)}
	arguments, _ := rec.call.bound.copy()
	result, stack, err := invoke(ctx, c, arguments)
	returned = true
	return r.settle(ctx, d, result, err, stack)
}

// settle writes down how an attempt ended, and what that means for the call.
func (r *Runner) settle(ctx context.Context, d Delivery, result any, err error, stack string) error {
	now := time.Now()
	_, later := IsLater(err)
	switch {
	case err == nil:
		d.call.end(StatusDone, now, result, nil, "")
		r.conclude(ctx, d, nil)
	case later:
		d.call.postpone()
		r.write(ctx, d.records())
	case d.Last || IsPermanent(err):
		d.call.end(StatusFailed, now, nil, err, stack)
		r.conclude(ctx, d, d.callError(err, stack))
	default:
		d.call.end(StatusQueued, now, nil, err, stack)
		r.write(ctx, d.records())
	}
	return err
}

// cancel ends a call that was queued and will not execute.
func (r *Runner) cancel(ctx context.Context, d Delivery, cause error) {
	d.call.noteFailure(cause, "")
	d.call.setStatus(StatusCancelled)
	err := d.callError(cause, "")
	err.Attempt = d.Attempt - 1
	r.lost.add(err)
	r.conclude(ctx, d, err)
}

// interrupt marks a call that is still executing when nobody will wait for
// it any longer. If it ends after all, its end is written.
func (r *Runner) interrupt(ctx context.Context, d Delivery) {
	if d.call.currentStatus() != StatusRunning {
		return // it has just ended, or is being cancelled
	}
	d.call.setStatus(StatusInterrupted)
	r.write(ctx, d.records())
	r.lost.add(d.callError(errStillRunning, ""))
}

var errStillRunning = errors.New("still executing when Shutdown gave up on it")

// conclude writes a call that will not change any more, and tells who waits
// for it or watches over failures.
func (r *Runner) conclude(ctx context.Context, d Delivery, err *CallError) {
	r.write(ctx, d.records())
	if err == nil {
		d.call.run.pending.end(nil)
		return
	}
	r.log().LogAttrs(ctx, slog.LevelError, "saferunner: async call failed",
		slog.String("run_id", d.RunID), slog.String("task", d.Task.Name), slog.String("entry", d.EntryID),
		slog.Int("attempt", err.Attempt), slog.String("error", errorText(err.Err)))
	if r.onFailure != nil {
		r.onFailure(ctx, d.call.render(), err)
	}
	d.call.run.pending.end(err)
}

func (d Delivery) records() []record {
	return d.call.run.records[d.position : d.position+1]
}

func (d Delivery) callError(cause error, stack string) *CallError {
	return d.call.run.callError(d.position, d.Attempt, cause, stack)
}

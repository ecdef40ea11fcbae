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
	l.now = time.Time{}
	ledger := l.runner.usesLedger()
	defer func() { // also when a stub leaves by Goexit
		if len(jobs) > 0 {
			l.hand(jobs)
		}
	}()
	for i := from; i < to && l.err == nil; i++ {
		l.freeze(i)
		if d := l.decide(i); d.verdict != executed {
			l.decline(i, d)
			continue
		}
		if l.run.records[i].call.key() != "" && !ledger && !l.claim(i) {
			continue
		}
		l.settle(i, StatusQueued)
		if jobs == nil {
			jobs = make([]Job, 0, to-i)
		}
		jobs = append(jobs, l.job(i))
	}
}

// hand gives jobs to the engine.
func (l *list) hand(jobs []Job) {
	end := jobs[len(jobs)-1].Position + 1
	if l.runner.outside() != nil {
		l.submitOutside(jobs, end)
		return
	}
	l.show(end)
	l.submit(jobs)
}

func (l *list) job(i int) Job {
	rec := &l.run.records[i]
	return Job{
		EntryID: l.run.entryID(i), Position: i, Task: *rec.call.spec(), Key: rec.call.key(),
		NotBefore: rec.call.notBefore(l.run.at), call: rec,
	}
}

// submit hands jobs to the engine. If it takes none, all have failed.
func (l *list) submit(jobs []Job) {
	l.pending().add(len(jobs))
	_, err := l.runner.engine().Submit(l.ctx, Batch{RunID: l.run.runID, Run: l.run.id(), Jobs: jobs})
	if err == nil {
		return
	}
	l.clean = min(l.clean, jobs[0].Position)
	l.notQueued(jobs, err)
	for range jobs {
		l.pending().end(nil)
	}
}

func (l *list) notQueued(jobs []Job, err error) {
	for _, j := range jobs {
		l.fail(j.Position, fmt.Errorf("not queued: %w", err), "")
	}
}

// handle executes one delivery of the in-process engine.
func (r *Runner) handle(ctx context.Context, d Delivery) error {
	rec := d.call
	if ctx.Err() != nil {
		r.cancel(ctx, d, context.Cause(ctx))
		return nil
	}
	if r.decideDelivered(d.Task.Name).verdict != executed {
		rec.setStatus(StatusRecorded) // what let it through has ended since
		r.noteUnowned(rec)
		r.conclude(ctx, d, nil)
		return nil
	}
	rec.begin(time.Now(), d.Worker)
	r.write(ctx, d.records())

	c := &scopeContext{Context: ctx, scope: r.taskScope(ctx, rec, d.Attempt, true)}
	returned := false
	defer func() {
		if !returned {
			_ = r.settle(c, d, nil, ErrGoexit, "")
		}
	}()
	arguments, _, _ := rec.call.bound.copy()
	result, stack, err := invoke(ctx, c, arguments)
	returned = true
	c.Context = ctx // without the attempt's time limit
	return r.settle(c, d, result, err, stack)
}

// settle writes down how an attempt ended, and what that means for the call.
func (r *Runner) settle(ctx context.Context, d Delivery, result any, err error, stack string) error {
	now := time.Now()
	outcome, _ := classify(err)
	over := ctx.Err() != nil // Shutdown has given up: there will be no further attempt
	switch {
	case err == nil:
		d.call.end(StatusDone, now, result, nil, "")
		r.conclude(ctx, d, nil)
	case outcome == isLater && !over:
		d.call.postpone()
		r.write(ctx, d.records())
	case d.Last || outcome == isPermanent || over:
		d.call.end(StatusFailed, now, nil, err, stack)
		r.conclude(ctx, d, d.callError(err, stack))
	default:
		d.call.end(StatusQueued, now, nil, err, stack)
		r.write(ctx, d.records())
	}
	return err
}

type errorClass uint8

const (
	isOrdinary errorClass = iota
	isPermanent
	isLater
)

// classify looks at a task's error, whose methods may panic.
func classify(err error) (class errorClass, delay time.Duration) {
	if err == nil {
		return isOrdinary, 0
	}
	defer func() {
		if recover() != nil {
			class, delay = isOrdinary, 0
		}
	}()
	if delay, later := IsLater(err); later {
		return isLater, delay
	}
	if IsPermanent(err) {
		return isPermanent, 0
	}
	return isOrdinary, 0
}

// cancel ends a call that was queued and will not execute.
func (r *Runner) cancel(ctx context.Context, d Delivery, cause error) {
	d.call.unbegun(StatusCancelled, cause, "")
	err := d.callError(cause, "")
	err.Attempt = d.Attempt - 1
	r.lost.add(err)
	r.conclude(ctx, d, err)
}

var errStillRunning = errors.New("still executing when Shutdown gave up on it")

// interrupt marks a call that is still executing when nobody will wait for
// it any longer; if it ends after all, its end is written. A call that a
// worker has taken and not begun, or just ended, is waited for: it will not
// be long.
func (r *Runner) interrupt(ctx context.Context, d Delivery) {
	for !d.call.currentStatus().Final() {
		if d.call.interrupt(errStillRunning) {
			r.write(ctx, d.records())
			r.lost.add(d.callError(errStillRunning, ""))
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// conclude writes a call that will not change any more, and tells who waits
// for it or watches over failures.
func (r *Runner) conclude(ctx context.Context, d Delivery, err *CallError) {
	r.write(ctx, d.records())
	if err == nil {
		d.call.run.pending.end(nil)
		return
	}
	defer d.call.run.pending.end(err)
	r.announce(ctx, err, d.call.render)
}

// announce tells the log, and who watches over failures, of an async call
// that has failed for good.
func (r *Runner) announce(ctx context.Context, err *CallError, entry func() Entry) {
	r.log().LogAttrs(ctx, slog.LevelError, "saferunner: async call failed",
		slog.String("run_id", err.RunID), slog.String("task", err.Task), slog.String("entry", err.EntryID),
		slog.Int("attempt", err.Attempt), slog.String("error", errorText(err.Err)))
	if r.onFailure == nil {
		return
	}
	_, stack, failure := guarded(func() (any, error) {
		r.onFailure(ctx, entry(), err)
		return nil, nil
	})
	if failure != nil {
		r.log().LogAttrs(ctx, slog.LevelError, "saferunner: OnFailure panicked", slog.Any("error", failure), slog.String("stack", stack))
	}
}

func (d Delivery) records() []record {
	return d.call.run.records[d.Position : d.Position+1]
}

func (d Delivery) callError(cause error, stack string) *CallError {
	return d.call.run.callError(d.Position, d.Attempt, cause, stack)
}

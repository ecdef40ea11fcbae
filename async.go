package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/inprocess"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// async takes consecutive async calls to the engine, those that may execute
// as one batch.
func (l *list) async(from, to int) {
	l.now = 0
	defer func() { // also when a stub leaves by Goexit
		if l.queued > 0 {
			l.hand(from, to)
		}
	}()
	for i := from; i < to && l.err == nil; i++ {
		l.take(i)
	}
}

// permit takes on a call that the gate lets through: a sync one executes, an
// async one is queued.
func (l *list) permit(i int, d gate.Decision) {
	async := l.run.Calls[i].Options.IsAsync()
	switch {
	case l.run.Keyed && l.run.Key(i) != "" && !(async && l.runner.usesLedger()) && !l.claim(i):
	case async:
		l.run.Settle(i, journal.StatusQueued)
		l.queued++
	default:
		l.executeSync(i, d)
	}
}

// hand gives the queued calls of from..to to the engine. If it takes none,
// all have failed.
func (l *list) hand(from, to int) {
	n := l.queued
	l.queued = 0
	if l.runner.external.engine != nil && l.runner.durable() != nil {
		l.submitDurable(from, to)
		return
	}
	l.show(to)
	l.run.Queue(n, &l.originals().waiter)
	h := &handed{Batch: inprocess.Batch{Run: l.run, From: from, To: to}}
	h.Tasks, h.shared = h, l.runner.inTask(&h.Batch, l.scope, l.run)
	h.shared.worker = true
	if h.tasks = h.few[:]; h.Len() > 1 {
		h.tasks = make([]scope, h.Len())
	}
	for k := range h.tasks {
		h.tasks[k] = scope{&h.shared, int32(from + k), 1}
	}
	err := l.runner.pool().Submit(l.ctx, &h.Batch, l.scope != nil && l.scope.worker)
	if err == nil {
		return
	}
	if errors.Is(err, engine.ErrStopping) {
		err = ErrShutdown
	}
	l.clean = min(l.clean, from)
	l.notQueued(from, to, err)
	l.run.Ended(n)
}

// notQueued lets the queued calls of from..to fail.
func (l *list) notQueued(from, to int, err error) {
	for i := from; i < to; i++ {
		if l.run.Status(i) == journal.StatusQueued {
			l.fail(i, fmt.Errorf("not queued: %w", err), "")
		}
	}
}

// handed is a batch of async calls that this process executes, with the ctx
// of their tasks.
type handed struct {
	inprocess.Batch
	shared situation
	tasks  []scope  // at the first attempt
	few    [1]scope // tasks of a short batch
}

// Execute implements inprocess.Tasks.
func (h *handed) Execute(i int) {
	r, run := h.shared.executes, h.Run
	d := gate.Say{RecordOnly: run.RecordOnly, Rules: r.rules}.Delivered(func() string { return run.Task(i).Spec.Name })
	switch {
	case h.Err() != nil:
		h.Cancel(i)
	case d.Verdict != gate.Executed: // what let it through has ended since
		r.lapse(run, i)
	default:
		args, number, ok := run.Take(i, journal.StatusQueued, "")
		if !ok {
			break
		}
		r.write(h, run, i, i+1)
		if !args.Task().Flat {
			args, _, _ = args.Copy() // a later attempt gets them as they were
		}
		ctx := &h.tasks[i-h.From]
		if number > 1 {
			ctx = &scope{&h.shared, int32(i), int32(number)}
		}
		a := attempt{ctx: ctx, spec: &args.Task().Spec, args: args, pass: d.Pass()}
		a.execute(func(o outcome) { h.ended(&a, &o) })
		return
	}
	h.Finish(i)
}

// ended notes the end of an attempt.
func (h *handed) ended(a *attempt, o *outcome) {
	r, i, e := h.shared.executes, int(a.ctx.call), a.ending(h, o)
	hasResult := a.args.Task().HasResult
	var kept *record.Kept
	if hasResult {
		kept = a.keep(o)
	}
	ours := h.Run.Conclude(i, &e, kept)
	r.write(h, h.Run, i, i+1)
	switch {
	case !ours: // it was given up meanwhile
		err := o.err
		if err != nil {
			err = callError(h.Run, i, int(a.ctx.attempt), err, o.stack)
		}
		h.Run.TellLate(i, e.Status, o.result, err)
	case e.Status == journal.StatusQueued:
		h.Again(i, e.Wait)
		return
	case o.err != nil:
		failure := callError(h.Run, i, int(a.ctx.attempt), o.err, o.stack)
		if e.Status == journal.StatusInterrupted {
			r.lost.add(failure)
		}
		r.conclude(h, h.Run, i, e.Status, failure)
	case hasResult && h.Run.Tell(i, e.Status, o.result, nil), !hasResult && h.Run.Ended(1):
		r.memory.Ended(h.Run, i, i+1)
	}
	h.Finish(i)
}

// conclude tells who waits for an async call that it has failed for good.
func (r *Runner) conclude(ctx context.Context, run *record.Run, i int, s journal.Status, failure *CallError) {
	if run.Tell(i, s, nil, failure) {
		r.memory.Ended(run, i, i+1)
	}
	if r.test != nil {
		r.test.noteFailed(failure)
	}
	r.announce(ctx, s, failure, func() journal.Entry { return run.Entry(i) })
}

// lapse makes a queued call recorded.
func (r *Runner) lapse(run *record.Run, i int) {
	if !run.Lapse(i) {
		return
	}
	r.noteUnowned(context.Background(), run)
	r.write(context.Background(), run, i, i+1)
	if run.Ended(1) {
		r.memory.Ended(run, i, i+1)
	}
}

var errStillRunning = errors.New("still executing when Shutdown gave up on it")

// Cancel implements inprocess.Tasks. It does not wait for the journal.
func (h *handed) Cancel(i int) bool {
	number := h.Run.Attempts(i)
	e := engine.Ending{Status: journal.StatusCancelled, Error: record.ErrorText(ErrShutdown)}
	if !h.Run.Cancel(i, e) {
		return false
	}
	h.shared.executes.giveUp(h, h.Run, i, number, e.Status, ErrShutdown)
	return true
}

// Interrupt implements inprocess.Tasks. It does not wait for the journal.
func (h *handed) Interrupt(i int) {
	e := engine.Ending{Status: journal.StatusInterrupted, Error: record.ErrorText(errStillRunning)}
	if h.Run.Interrupt(i, e) {
		h.shared.executes.giveUp(h, h.Run, i, h.Run.Attempts(i), e.Status, errStillRunning)
	}
}

// giveUp writes down and tells that a call was given up by Shutdown.
func (r *Runner) giveUp(ctx context.Context, run *record.Run, i, number int, s journal.Status, cause error) {
	failure := callError(run, i, number, cause, "")
	r.lost.add(failure)
	run.TellEarly(i, s, failure)
	r.aside(ctx, func(ctx context.Context) {
		r.write(ctx, run, i, i+1)
		r.conclude(ctx, run, i, s, failure)
	})
}

// announce tells the log, and who watches over failures, of an async call
// that has ended badly, with this status.
func (r *Runner) announce(ctx context.Context, s journal.Status, err *CallError, entry func() journal.Entry) {
	attrs := []slog.Attr{
		slog.String("run_id", err.RunID), slog.String("task", err.Task), slog.String("entry", err.EntryID),
		slog.Int("attempt", err.Attempt), slog.String("error", record.ErrorText(err.Err)),
	}
	if err.Stack != "" {
		attrs = append(attrs, slog.String("stack", err.Stack))
	}
	r.log().LogAttrs(ctx, slog.LevelError, "saferunner: async call "+string(s), attrs...)
	r.callOnFailure(ctx, err, entry)
}

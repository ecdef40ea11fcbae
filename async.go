package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/inprocess"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// async takes consecutive async calls to the engine, those that may execute
// as one batch.
func (l *list) async(from, to int) {
	l.now = time.Time{}
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
	switch ledger := l.runner.usesLedger(); {
	case l.run.Key(i) != "" && !(ledger && l.run.Calls[i].Options.IsAsync()) && !l.claim(i):
	case l.run.Calls[i].Options.IsAsync():
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
	if l.runner.durable() != nil {
		l.submitDurable(from, to)
		return
	}
	l.show(to)
	l.run.Queue(n)
	err := l.runner.pool().Submit(l.ctx, l.run, from, to, l.scope.inWorker())
	if err == nil {
		return
	}
	if errors.Is(err, engine.ErrStopping) {
		err = ErrShutdown
	}
	l.clean = min(l.clean, from)
	l.notQueued(from, to, err)
	l.run.Unqueue(n)
}

// notQueued lets the queued calls of from..to fail.
func (l *list) notQueued(from, to int, err error) {
	for i := from; i < to; i++ {
		if l.run.Status(i) == journal.StatusQueued {
			l.fail(i, fmt.Errorf("not queued: %w", err), "")
		}
	}
}

// worker is the runner as the in-process engine sees it.
type worker struct{ *Runner }

var _ inprocess.Runner = worker{}

// job is one attempt at an async call in this process.
type job struct {
	attempt
	own  ownContext // the ctx of its task
	pool inprocess.Ender
}

// Execute implements inprocess.Runner.
func (r worker) Execute(ctx context.Context, run *record.Run, i int, end inprocess.Ender) {
	args := run.Calls[i].Args
	d := gate.Say{RecordOnly: run.RecordOnly, Rules: r.rules}.Delivered(args.Task().Spec.Name)
	switch {
	case ctx.Err() != nil:
		r.Cancel(ctx, run, i)
	case d.Verdict != gate.Executed: // what let it through has ended since
		r.lapse(run, i)
	default:
		if number, ok := run.Take(i, time.Now(), ""); ok {
			r.write(ctx, run, i, i+1)
			r.execute(ctx, run, i, number, d.Pass(), end)
			return
		}
	}
	end.End(i, engine.Ending{Status: run.Status(i)})
}

func (r worker) execute(ctx context.Context, run *record.Run, i, number int, pass gate.Pass, end inprocess.Ender) {
	args, _, _ := run.Calls[i].Args.Copy() // a later attempt gets them as they were
	j := &job{pool: end}
	j.own.own = r.inTask(scopeOf(ctx), run)
	j.own.own.worker = true
	j.own.scope = scope{&j.own.own, int32(i), int32(number)}
	j.attempt = attempt{
		runner: r.Runner, run: run, call: i, number: number, spec: &args.Task().Spec,
		args: args, pass: pass, ctx: &j.own.scopeContext, ender: j,
	}
	j.attempt.execute(ctx)
}

// attemptEnded implements attemptEnder.
func (j *job) attemptEnded(ctx context.Context, a *attempt, o outcome) {
	r, e := a.runner, a.ending(ctx, o)
	ours := a.run.Conclude(a.call, time.Now(), e, a.keep(o))
	r.write(ctx, a.run, a.call, a.call+1)
	switch {
	case !ours: // it was given up meanwhile
		e.Status = a.run.Status(a.call)
	case e.Status.Final():
		r.conclude(ctx, a.run, a.call, a.number, o)
	}
	j.pool.End(a.call, e)
}

// conclude tells who waits for an async call that it has ended for good.
func (r *Runner) conclude(ctx context.Context, run *record.Run, i, number int, o outcome) {
	told := record.Outcome{Result: o.result}
	var failure *CallError
	if o.err != nil {
		failure = callError(run, i, number, o.err, o.stack)
		told = record.Outcome{Err: failure}
	}
	if run.Tell(i, told) {
		r.memory.Ended(run, i, i+1)
	}
	if failure != nil && r.test != nil {
		r.test.noteFailed(failure)
	}
	if failure != nil {
		r.announce(ctx, failure, func() journal.Entry { return run.Entry(i) })
	}
}

// lapse makes a queued call recorded.
func (r *Runner) lapse(run *record.Run, i int) {
	if !run.Lapse(i) {
		return
	}
	r.noteUnowned(context.Background(), run)
	r.write(context.Background(), run, i, i+1)
	if run.Tell(i, record.Outcome{}) {
		r.memory.Ended(run, i, i+1)
	}
}

var errStillRunning = errors.New("still executing when Shutdown gave up on it")

// Cancel implements inprocess.Runner. It does not wait for the journal.
func (r worker) Cancel(ctx context.Context, run *record.Run, i int) bool {
	number := run.Attempts(i)
	e := engine.Ending{Status: journal.StatusCancelled, Error: record.ErrorText(ErrShutdown)}
	if !run.Cancel(i, e) {
		return false
	}
	r.giveUp(ctx, run, i, number, ErrShutdown)
	return true
}

// Interrupt implements inprocess.Runner. It does not wait for the journal.
func (r worker) Interrupt(ctx context.Context, run *record.Run, i int) {
	e := engine.Ending{Status: journal.StatusInterrupted, Error: record.ErrorText(errStillRunning)}
	if run.Interrupt(i, e) {
		r.giveUp(ctx, run, i, run.Attempts(i), errStillRunning)
	}
}

// giveUp writes down and tells that a call was given up by Shutdown.
func (r worker) giveUp(ctx context.Context, run *record.Run, i, number int, cause error) {
	r.lost.add(callError(run, i, number, cause, ""))
	r.aside(ctx, func(ctx context.Context) {
		r.write(ctx, run, i, i+1)
		r.conclude(ctx, run, i, number, outcome{err: cause})
	})
}

// announce tells the log, and who watches over failures, of an async call
// that has failed for good.
func (r *Runner) announce(ctx context.Context, err *CallError, entry func() journal.Entry) {
	r.log().LogAttrs(ctx, slog.LevelError, "saferunner: async call failed",
		slog.String("run_id", err.RunID), slog.String("task", err.Task), slog.String("entry", err.EntryID),
		slog.Int("attempt", err.Attempt), slog.String("error", record.ErrorText(err.Err)))
	r.callOnFailure(ctx, err, entry)
}

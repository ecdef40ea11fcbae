package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

// RunTx runs a list of async calls, as [Runner.Run] does, in a transaction of the
// caller: the calls and their journal entries are there when tx commits, and are
// not if it rolls back. The engine says which type tx has.
//
// A list with a sync call is an error, since its effect could not be rolled back.
// RunTx returns [engine.ErrNoTx] if the engine takes no part in transactions; the
// in-process engine never does; and an error if tx is none of the engine's. In
// test mode the same is checked, as far as the runner has an engine, and the calls
// are recorded at once, also if tx rolls back later. If the error is not nil, nothing was executed: roll back.
func (r *Runner) RunTx(ctx context.Context, tx any, runID string, calls ...Call) (*Report, error) {
	if !r.made() {
		return refusedReport(runID), errNilRunner("RunTx")
	}
	if tx == nil {
		return refusedReport(runID), fmt.Errorf("saferunner: run %q: RunTx: the transaction is nil: begin one, and end it after RunTx; nothing was executed", runID)
	}
	skip, caller := 0, callsite.Caller(0)
	for callsite.Package(caller) == typedFaces {
		skip++
		caller = callsite.Caller(skip)
	}
	return run(ctx, r, caller, tx, runID, calls)
}

// typedFaces is the package whose RunTx and RunPgxTx call the method: not
// where a user would look for a call.
const typedFaces = "github.com/saferunner/saferunner/riverengine"

// checkTx checks what RunTx of the receiver asks beyond Run: in a test, where a
// recorder owns the calls, as in production.
func (r *Runner) checkTx(receiver *Runner, tx any, calls []Call) error {
	for i, c := range calls {
		if !c.options.IsAsync() {
			return fmt.Errorf("RunTx, call %d: %s is sync: its effect could not be rolled back; add Async", i+1, c.name())
		}
	}
	e := r.external.engine
	if e == nil && r.rules != nil {
		e = receiver.external.engine
	}
	t, ok := e.(engine.TxEngine)
	switch {
	case ok:
		return t.CheckTx(tx)
	case e == nil && (r.rules != nil || !gateIsLive()): // the test, or the server that records, has none
		return nil
	}
	return engine.ErrNoTx
}

// txEngine returns the engine that takes part in the list's transaction, nil
// for a list without one and for that of a test's recorder.
func (l *list) txEngine() engine.TxEngine {
	if l.tx == nil || l.runner.rules != nil {
		return nil
	}
	e, _ := l.runner.external.engine.(engine.TxEngine)
	return e
}

// writeTx writes calls that were not queued into the journal of a runner with
// a TxEngine, in the caller's transaction: outside of it, the write could wait
// for that transaction for ever.
func (l *list) writeTx() {
	changes := make([]journal.Change, 0, len(l.run.Calls))
	for i := range l.run.Calls {
		if s := l.run.Status(i); s != journal.StatusQueued && s != journal.StatusDuplicate {
			changes = append(changes, journal.Of(l.run, i))
		}
	}
	if l.err != nil || len(changes) == 0 {
		return
	}
	if err := l.txEngine().WriteTx(l.ctx, l.tx, changes...); err != nil {
		l.err = fmt.Errorf("saferunner: run %q: not recorded: %w", l.run.RunID, err)
	}
}

// Defer returns a copy of ctx under which Runs wait for a transaction, and what
// ends the waiting. It needs no particular database or engine:
//
//	ctx, d := saferunner.Defer(ctx)
//	defer d.Rollback() // does nothing after Commit
//	…                  // code that calls saferunner.Run(ctx, …)
//	if err := tx.Commit(); err != nil {
//		return err
//	}
//	return d.Commit(ctx)
//
// A Run under the ctx checks its list and copies the arguments, as always. Its
// Report says that the calls are deferred, and its [Report.Wait] returns an error
// before Commit. Nothing is in the journal, no key is claimed, and in a test
// nothing is recorded. IDs, the times of After, and the line of code are those of the
// Run. Do of a result task is an error, since there is no result yet. RunTx is not
// deferred, nor is what a task runs.
//
// Under the ctx of another Defer, Commit hands the lists to that one, and Rollback
// forgets them.
//
// A process that dies between the commit of the transaction and Commit loses the
// calls. Where that matters, use InTx of riverengine, or [Runner.RunTx]. A Deferred that was neither
// committed nor rolled back is logged when it is collected, and fails the test of a
// recorder in ctx.
func Defer(ctx context.Context) (context.Context, *Deferred) {
	var caller [1]uintptr
	runtime.Callers(2, caller[:])
	h := &heldRuns{by: "Defer", caller: caller[0]}
	d := &Deferred{h}
	runtime.AddCleanup(d, (*heldRuns).collected, h)
	return h.over(ctx), d
}

// over returns a ctx under which Runs wait for h.
func (h *heldRuns) over(ctx context.Context) context.Context {
	if s := scopeOf(ctx); s != nil {
		h.parent = s.deferred
		if s.recorder != nil && s.recorder.test != nil {
			s.recorder.test.noteHeld(h)
		}
	}
	return withSituation(ctx, func(s *situation) { s.deferred = h })
}

// Deferred ends the waiting of what was run under the ctx of [Defer]. Its methods
// are safe for concurrent use; one of them decides, the others do nothing.
type Deferred struct{ held *heldRuns }

// Commit runs the lists, in the order of their Runs. Each has the values of its
// Run's ctx and its own stop rule. Commit returns their errors, joined. It does not
// heed the end of ctx, since the transaction cannot be taken back; sync calls are
// bounded by the [Timeout] of their tasks. After that, Run under the ctx of Defer is
// an error, a further Commit returns nil, and Rollback does nothing. After Rollback
// Commit returns an error and runs nothing.
func (d *Deferred) Commit(ctx context.Context) error {
	switch {
	case d == nil || d.held == nil:
		return errors.New("saferunner: Commit on a Deferred that was not made by Defer; nothing was done")
	case requestctx.IsNil(ctx):
		return errors.New("saferunner: Commit with a nil ctx; nothing was done")
	}
	lists, was := d.held.end(heldCommitted)
	if was == heldRolledBack {
		return errors.New("saferunner: Commit after Rollback; nothing was run")
	}
	return d.held.handOn(lists)
}

// handOn hands lists to what is around h, and runs them if nothing is.
func (h *heldRuns) handOn(lists []*list) error {
	switch {
	case h.parent == nil:
		return commitAll(lists)
	case !h.parent.take(lists...):
		forgetAll(lists, errTxEnded)
		return fmt.Errorf("saferunner: Commit of %d lists: %w; nothing was run", len(lists), errTxEnded)
	}
	return nil
}

// Rollback forgets the lists: their calls end as cancelled, and nothing was in the
// journal. After Commit, and on a nil Deferred, it does nothing.
func (d *Deferred) Rollback() {
	if d == nil || d.held == nil {
		return
	}
	lists, _ := d.held.end(heldRolledBack)
	forgetAll(lists, errRolledBack)
}

var (
	errRolledBack = errors.New("its transaction was rolled back")
	errTxEnded    = errors.New("the Defer around it has ended before")
)

// heldRuns are the lists that wait for a transaction. It goes from open to
// committed or to rolled back. mu guards state and lists.
type heldRuns struct {
	by     string    // Defer or InTx
	caller uintptr   // of that
	mark   any       // of InTx: what it has put here
	parent *heldRuns // what is around it, nil for nothing

	mu    sync.Mutex
	state heldState
	lists []*list
}

type heldState uint8

const (
	heldOpen heldState = iota
	heldCommitted
	heldRolledBack
)

// end leaves the open state, if nobody has before, and returns the lists that
// waited, in the order of their Runs, and what the state was.
func (h *heldRuns) end(as heldState) (lists []*list, was heldState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if was = h.state; was == heldOpen {
		h.state = as
		lists, h.lists = h.lists, nil
		slices.SortFunc(lists, func(a, b *list) int { return a.run.Compare(b.run) }) // a Defer within hands its lists over late
	}
	return lists, was
}

func (h *heldRuns) isOpen() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state == heldOpen
}

// take takes lists in while it is open.
func (h *heldRuns) take(lists ...*list) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == heldOpen {
		h.lists = append(h.lists, lists...)
	}
	return h.state == heldOpen
}

// hold makes the run of a list that is to wait.
func (h *heldRuns) hold(l *list, caller uintptr, runID string, calls []Call) (*Report, error) {
	m := newRun(len(calls), true)
	l.run = &m.run
	l.run.RunID, l.run.Caller, l.run.RecordOnly = runID, caller, l.say.RecordOnly
	copyCalls(l.run, calls, false, l.runner.rules == nil)
	l.run.Defer()
	kept := l.originals()
	kept.report = Report{l.run, kept}
	if !h.take(l) {
		err := fmt.Errorf("saferunner: run %q at %s: %w; nothing was executed", shorten(runID), callsite.String(caller), h.spent())
		l.runner.noteRefused(err, runID, caller)
		return refusedReport(runID), err
	}
	return &kept.report, nil
}

// spent is the error of what comes too late.
func (h *heldRuns) spent() error {
	return fmt.Errorf("the ctx of the %s at %s is spent, after Commit or Rollback", h.by, callsite.String(h.caller))
}

// collected says that nobody can end the waiting any more.
func (h *heldRuns) collected() {
	lists, was := h.end(heldRolledBack)
	if was != heldOpen {
		return
	}
	log := slog.Default()
	if len(lists) > 0 {
		log = lists[0].runner.log()
	}
	log.Error("saferunner: what was run under a Defer was neither committed nor rolled back, and is lost",
		slog.String("caller", callsite.String(h.caller)), slog.Int("lists", len(lists)))
	forgetAll(lists, errRolledBack)
}

// commitAll runs lists in order, also where a task of one leaves by Goexit.
func commitAll(lists []*list) (err error) {
	if len(lists) == 0 {
		return nil
	}
	defer func() { err = errors.Join(err, commitAll(lists[1:])) }()
	return lists[0].commit()
}

// commit runs a list that has waited, with arguments of its own.
func (l *list) commit() error {
	defer l.run.Undefer()
	if err := l.runner.life.enter(l.scope, l.runner); err != nil {
		l.forget(err)
		return fmt.Errorf("saferunner: run %q: %w; nothing was executed", l.run.RunID, err)
	}
	defer l.runner.life.leave()
	calls := make([]Call, len(l.run.Calls))
	for i := range calls {
		calls[i].args = l.run.Calls[i].Args
		if !calls[i].args.Task().Flat {
			calls[i].args = l.ownArguments(i)
		}
	}
	l.pass(calls)
	l.all, l.same = l.say.DecideAll()
	l.walk()
	return l.err
}

func forgetAll(lists []*list, cause error) {
	for _, l := range lists {
		l.forget(cause)
		l.run.Undefer()
	}
}

// forget ends a list of which nothing will be run.
func (l *list) forget(cause error) {
	for i := range l.run.Calls {
		l.set(i, record.Outcome{Err: callError(l.run, i, 0, cause, "")})
		l.run.Settle(i, journal.StatusCancelled)
	}
	l.run.Ended(1)
}

// noteHeld notes a Defer under the ctx of the recorder.
func (t *testRecorder) noteHeld(h *heldRuns) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = append(slices.DeleteFunc(t.held, func(h *heldRuns) bool { return !h.isOpen() }), h)
}

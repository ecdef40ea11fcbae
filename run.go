package saferunner

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
)

// Run runs a list of calls under a run ID, a label that says where the list is
// run ("order.created"). Many runs may share it. A run ID is 1 to 256 bytes of
// UTF-8 without NUL.
//
// Calls start in the order given. Sync calls execute one after the other, on
// this goroutine. Consecutive async calls are handed to the engine together, all
// or none; Run does not wait for their ends, see [Report.Wait], but waits for a
// place if the engine is full. The first call that fails before Run returns
// stops the list, unless it is best-effort: later calls are skipped, and Run
// returns the failure as a [*CallError]. In test mode no call executes, and
// every call is recorded.
//
// Run copies the arguments, at every depth, exported or not. Nothing may write to
// them while Run executes, not even code that holds a lock in them.
//
// Before anything executes, Run checks the whole list. It returns [ErrRunID],
// [ErrKey], [ErrNoTask], [ErrArguments], [ErrMode], [ErrShutdown] or the cause of
// a ctx that has ended, and then has executed and recorded nothing. If ctx ends
// on the way, calls that have not begun are skipped, and Run returns the cause.
//
// The Report is never nil. A list may be empty. The calls belong to the runner in
// ctx, else to [Default]; in test mode a recorder in ctx comes first. Run is safe
// for concurrent use.
func Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	var caller [1]uintptr
	runtime.Callers(2, caller[:]) // here, since each frame more costs
	return run(ctx, nil, caller[0], nil, runID, calls)
}

// Run runs a list of calls, as the function [Run] does. The calls belong to r,
// unless ctx carries another runner. A nil or zero Runner returns an error.
func (r *Runner) Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	if !r.made() {
		return refusedReport(runID), errNilRunner("Run")
	}
	var caller [1]uintptr
	runtime.Callers(2, caller[:])
	return run(ctx, r, caller[0], nil, runID, calls)
}

// made reports whether New has made the runner.
func (r *Runner) made() bool { return r != nil && r.journal != nil }

// errNilRunner is the error of all methods of a nil or zero Runner.
func errNilRunner(method string) error {
	return fmt.Errorf("saferunner: %s on a Runner that was not made by New; nothing was done", method)
}

// run is Run. The receiver is nil for the function of the package. tx is the
// caller's transaction, nil without one.
func run(ctx context.Context, receiver *Runner, caller uintptr, tx any, runID string, calls []Call) (*Report, error) {
	if requestctx.IsNil(ctx) {
		return refusedReport(runID), errors.New("saferunner: Run with a nil ctx; nothing was executed")
	}
	s := scopeOf(ctx)
	owner, recordOnly := ownerOf(s, receiver)
	if haveHelpers.Load() {
		caller = beyondHelpers(caller)
	}
	if s != nil && s.noCaller {
		caller = 0
	}
	say := gate.Say{RecordOnly: recordOnly, Rules: owner.rules, NoTx: tx != nil && owner.durable() == nil}
	all, same := say.DecideAll()
	if err := owner.check(ctx, receiver, tx, caller, runID, same && all.Verdict == gate.Refused, calls); err != nil {
		return refusedReport(runID), err
	}
	if err := owner.life.enter(s, owner); err != nil {
		return refusedReport(runID), fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, err)
	}
	defer owner.life.leave()
	if s != nil && s.deferred != nil && tx == nil {
		return s.deferred.hold(&list{ctx: context.WithoutCancel(ctx), scope: s, runner: owner, say: say}, caller, runID, calls)
	}

	executes := !same || all.Verdict != gate.Recorded || tx != nil || anyAnswers(calls)
	m := newRun(len(calls), executes)
	m.run.RunID, m.run.Caller, m.run.RecordOnly = runID, caller, recordOnly
	copyCalls(&m.run, calls, !executes, owner.rules == nil)
	if !executes {
		owner.recordAll(ctx, &m.run)
		return &m.report, nil
	}
	l := list{ctx: ctx, scope: s, runner: owner, say: say, tx: tx, all: all, same: same, run: &m.run, now: record.Beginning}
	l.pass(calls)
	l.walk()
	report := &m.report
	if l.kept != nil {
		l.kept.report = Report{l.run, l.kept}
		report = &l.kept.report
	}
	return report, l.err
}

// A short run is one allocation with its calls, with what becomes of them if
// they may execute, and with the report on it.
type (
	made struct {
		report Report
		run    record.Run
	}
	singleRecorded struct {
		made
		calls [1]record.Call
	}
	shortRecorded struct {
		made
		calls [3]record.Call
	}
	singleExecuted struct {
		made
		calls     [1]record.Call
		histories [1]record.History
	}
	shortExecuted struct {
		made
		calls     [3]record.Call
		histories [3]record.History
	}
)

// newRun returns a run of n calls, of which one may execute or be answered if
// executes is set.
func newRun(n int, executes bool) *made {
	var m *made
	var calls []record.Call
	var histories []record.History
	switch short := n <= len(shortExecuted{}.calls); {
	case n == 1 && executes:
		s := new(singleExecuted)
		m, calls, histories = &s.made, s.calls[:], s.histories[:]
	case n == 1:
		s := new(singleRecorded)
		m, calls = &s.made, s.calls[:]
	case short && executes:
		s := new(shortExecuted)
		m, calls, histories = &s.made, s.calls[:n:n], s.histories[:n:n]
	case short:
		s := new(shortRecorded)
		m, calls = &s.made, s.calls[:n:n]
	default:
		m, calls = new(made), make([]record.Call, n)
		if executes {
			histories = make([]record.History, n)
		}
	}
	m.run.Init(calls, histories)
	m.report.run = &m.run
	return m
}

// copyCalls makes the calls of a run copies of what was passed. Those of one
// task in a row are copied together, unless they may execute: then they do not
// end together, and the journal frees one after the other. With freeze, copies
// that share data with the original are rendered now.
func copyCalls(run *record.Run, calls []Call, together, freeze bool) {
	for i := range calls {
		run.SetCall(i, calls[i].args, calls[i].task.Bytes, calls[i].options)
	}
	for i := 0; i < len(calls); {
		t, end := calls[i].task, i+1
		for together && end < len(calls) && calls[end].task == t {
			end++
		}
		if !t.Fixed {
			t.Own(run.Calls[i:end], freeze)
		}
		i = end
	}
}

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
		return &Report{runID: runID}, errNilRunner("Run")
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
		return &Report{runID: runID}, errors.New("saferunner: Run with a nil ctx; nothing was executed")
	}
	s := scopeOf(ctx)
	owner, recordOnly := ownerOf(s, receiver)
	if caller = beyondHelpers(caller); s != nil && s.noCaller {
		caller = 0
	}
	if err := owner.check(ctx, tx, caller, runID, calls); err != nil {
		return &Report{runID: runID}, err
	}
	if err := owner.life.enter(s.inTask()); err != nil {
		return &Report{runID: runID}, fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, err)
	}
	defer owner.life.leave()

	say := gate.Say{RecordOnly: recordOnly, Rules: owner.rules, NoTx: tx != nil && owner.durable() == nil}
	all, same := say.DecideAll()
	if same && all.Verdict == gate.Recorded && tx == nil && !anyAnswers(calls) {
		return owner.recordAll(ctx, runID, caller, recordOnly, calls), nil
	}
	l := newList(len(calls))
	l.ctx, l.scope, l.runner, l.tx, l.say, l.all, l.same = ctx, s, owner, tx, say, all, same
	return l.execute(runID, caller, calls)
}

// copyCalls makes the calls of a run copies of what was passed. Where the
// journal may render them later and a copy shares data with the original,
// they are rendered now.
func copyCalls(run *record.Run, calls []Call, rendered bool) {
	for i := range calls {
		args, bytes, shares := calls[i].args.Copy()
		if shares && rendered {
			args = record.Freeze(args)
		}
		run.SetArguments(i, args, bytes)
		run.Calls[i].Options = calls[i].options
	}
}

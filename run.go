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

// Run runs a list of calls under a run ID, a label that says where this is
// ("order.created") and that many runs may share. A run ID is 1 to 256 bytes
// of UTF-8 without NUL.
//
// Calls start in the order given. Sync ones execute one after the other, on
// this goroutine. Consecutive async ones are handed to the engine together
// and are not waited for; see [Report.Wait]. The first call that fails stops
// the list, unless it is best-effort: later calls are skipped, and Run
// returns the failure as a [*CallError]. In test mode nothing executes and
// every call is recorded.
//
// Arguments are copied when Run is called, at every depth, exported or not.
// Nothing may write to them while Run executes, not even code that holds a
// lock of theirs.
//
// Before anything executes, Run checks the whole list and returns
// [ErrRunID], [ErrKey], [ErrNoTask], [ErrArguments], [ErrMode], [ErrShutdown]
// or the cause of a ctx that has ended. If ctx ends on the way, calls that
// have not begun are skipped, and Run returns the cause. The Report is never
// nil. An empty list is fine.
//
// The calls belong to the runner in ctx, else to [Default].
func Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	var caller [1]uintptr
	runtime.Callers(2, caller[:]) // here, since each frame more costs
	return run(ctx, nil, caller[0], nil, runID, calls)
}

// Run is the package's Run for this runner, unless ctx carries another one.
func (r *Runner) Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	if r == nil {
		return &Report{runID: runID}, errNilRunner("Run")
	}
	var caller [1]uintptr
	runtime.Callers(2, caller[:])
	return run(ctx, r, caller[0], nil, runID, calls)
}

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

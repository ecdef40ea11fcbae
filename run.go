package saferunner

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

const maxRunID = 256

// Run runs a list of calls under a run ID, a label that says where this is
// ("order.created") and that many runs may share.
//
// Calls start in the order given. Sync ones execute one after the other, on
// this goroutine. Consecutive async ones are handed to the engine together
// and are not waited for; see [Report.Wait]. The first call that fails stops
// the list, unless it is best-effort: later calls are skipped, and Run
// returns the failure as a [*CallError]. In test mode nothing executes and
// every call is recorded.
//
// Before anything executes, Run checks the whole list and returns
// [ErrRunID], [ErrNoTask], [ErrArguments], [ErrMode], [ErrShutdown] or the
// cause of a ctx that has ended. If ctx ends on the way, calls that have not
// begun are skipped, and Run returns the cause. The Report is never nil. An
// empty list is fine.
//
// The calls belong to the runner in ctx, else to [Default].
func Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	var caller [1]uintptr
	runtime.Callers(2, caller[:]) // here, since each frame more costs
	return run(ctx, nil, caller[0], runID, calls)
}

// Run is the package's Run for this runner, unless ctx carries another one.
func (r *Runner) Run(ctx context.Context, runID string, calls ...Call) (*Report, error) {
	if r == nil {
		return &Report{RunID: runID}, errors.New("saferunner: Run on a nil Runner; make one with New; nothing was executed")
	}
	var caller [1]uintptr
	runtime.Callers(2, caller[:])
	return run(ctx, r, caller[0], runID, calls)
}

func run(ctx context.Context, receiver *Runner, caller uintptr, runID string, calls []Call) (*Report, error) {
	return runTx(ctx, receiver, caller, nil, runID, calls)
}

// runTx is run within the caller's transaction, if tx is not nil.
func runTx(ctx context.Context, receiver *Runner, caller uintptr, tx any, runID string, calls []Call) (*Report, error) {
	if ctx == nil {
		return &Report{RunID: runID}, errors.New("saferunner: Run with a nil ctx; nothing was executed")
	}
	s := scopeOf(ctx)
	owner := ownerOf(s, receiver)
	if err := owner.check(ctx, runID, calls); err != nil {
		return &Report{RunID: runID}, err
	}
	inTask := s != nil && s.call != nil
	if err := owner.life.enter(inTask); err != nil {
		return &Report{RunID: runID}, fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, err)
	}
	defer owner.life.leave()

	l := list{ctx: ctx, runner: owner, tx: tx}
	l.run, l.report = newRun(runID, calls, caller)
	l.execute()
	return l.report, l.err
}

var errZeroRunner = errors.New("the Runner was not made by New")

// check refuses a list before any of it executes.
func (r *Runner) check(ctx context.Context, runID string, calls []Call) error {
	if r.journal == nil {
		return fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, errZeroRunner)
	}
	if env := process(); env.mode == modeUnknown {
		return fmt.Errorf("saferunner: run %q: %w, and is %q; nothing was executed", runID, ErrMode, env.text)
	}
	switch {
	case runID == "":
		return fmt.Errorf("saferunner: %w: it is empty; nothing was executed", ErrRunID)
	case len(runID) > maxRunID:
		return fmt.Errorf("saferunner: %w: %q… is longer than %d bytes; nothing was executed", ErrRunID, runID[:40], maxRunID)
	case ctx.Err() != nil:
		return fmt.Errorf("saferunner: run %q: ctx has ended: %w; nothing was executed", runID, context.Cause(ctx))
	}
	for i := range calls {
		if err := calls[i].check(); err != nil {
			err = fmt.Errorf("saferunner: run %q, call %d: %w; nothing was executed", runID, i+1, err)
			if r.rules != nil {
				r.rules.noteUnsound(err)
			}
			return err
		}
	}
	return nil
}

func (c Call) check() error {
	if c.bound == nil {
		return fmt.Errorf("%w: it is the zero Call, or With was called on a nil task; define the task before it is used", ErrNoTask)
	}
	if def := c.bound.definition(); c.isAsync() && !def.wire.Always() {
		if err := def.wire.Check(c.bound.value(), def.shown); err != nil {
			return fmt.Errorf("%s is async: %w: %w", def.spec.Name, ErrArguments, err)
		}
	}
	return nil
}

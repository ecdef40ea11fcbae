package saferunner

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/journal"
)

// RunTx runs a list of async calls, as [Runner.Run] does, in a transaction of the
// caller: the calls and their journal entries are there when tx commits, and are
// not if it rolls back. The engine says which type tx has.
//
// A list with a sync call is an error, since its effect could not be rolled back.
// RunTx returns [engine.ErrNoTx] if the engine takes no part in transactions; the
// in-process engine never does. In test mode the calls are recorded.
// If the error is not nil, nothing was executed: roll back.
func (r *Runner) RunTx(ctx context.Context, tx any, runID string, calls ...Call) (*Report, error) {
	if !r.made() {
		return refusedReport(runID), errNilRunner("RunTx")
	}
	if tx == nil {
		return refusedReport(runID), fmt.Errorf("saferunner: run %q: RunTx: the transaction is nil: begin one, and end it after RunTx; nothing was executed", runID)
	}
	caller := callsite.Caller(0)
	if callsite.Package(caller) == typedFaces {
		caller = callsite.Caller(1)
	}
	return run(ctx, r, caller, tx, runID, calls)
}

// typedFaces is the package whose RunTx and RunPgxTx call the method: not
// where a user would look for a call.
const typedFaces = "github.com/saferunner/saferunner/riverengine"

// checkTx checks what RunTx asks beyond Run.
func (r *Runner) checkTx(_ any, calls []Call) error {
	for i, c := range calls {
		if !c.options.IsAsync() {
			return fmt.Errorf("RunTx, call %d: %s is sync: its effect could not be rolled back; add Async", i+1, c.name())
		}
	}
	if _, ok := r.external.engine.(engine.TxEngine); !ok && gateIsLive() && r.rules == nil {
		return engine.ErrNoTx
	}
	return nil
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

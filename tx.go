package saferunner

import (
	"context"
	"errors"
	"fmt"

	"github.com/saferunner/saferunner/internal/callsite"
)

// RunTx is [Runner.Run] of async calls that are queued, with their journal
// entries, only if the caller's transaction commits. What tx has to be is the
// engine's to say. A sync call is an error: its effect could not be taken
// back. [ErrNoTx] is returned where the engine takes no part in transactions,
// as the in-process one never does. In test mode the calls are recorded.
// Nothing was executed where the error is not nil; roll back then.
func (r *Runner) RunTx(ctx context.Context, tx any, runID string, calls ...Call) (*Report, error) {
	refuse := func(err error) (*Report, error) {
		return &Report{RunID: runID}, fmt.Errorf("saferunner: run %q: %w; nothing was executed", runID, err)
	}
	if tx == nil {
		return refuse(errors.New("RunTx: the transaction is nil: begin one, and end it after RunTx"))
	}
	for i, c := range calls {
		if c.bound != nil && !c.isAsync() {
			return refuse(fmt.Errorf("RunTx, call %d: %s is sync: its effect could not be rolled back; add Async", i+1, c.spec().Name))
		}
	}
	if ctx == nil {
		return run(ctx, r, 0, runID, calls)
	}
	owner := ownerOf(scopeOf(ctx), r)
	if _, ok := owner.external.engine.(engine.TxEngine); !ok && process().mode == modeLive && owner.rules == nil {
		return refuse(engine.ErrNoTx)
	}
	caller := callsite.Caller(0)
	if callsite.Package(caller) == typedFaces {
		caller = callsite.Caller(1)
	}
	return runTx(ctx, r, caller, tx, runID, calls)
}

// typedFaces is the package whose RunTx and RunPgxTx call the method: not
// where a user would look for a call.
const typedFaces = "github.com/saferunner/saferunner/riverengine"

// txEngine returns the engine that takes part in the list's transaction, nil
// for a list without one and for that of a test's recorder.
func (l *list) txEngine() engine.TxEngine {
	if l.tx == nil {
		return nil
	}
	e, _ := l.runner.external.engine.(engine.TxEngine)
	return e
}

// writeTx writes calls that the gate recorded into the journal of a runner
// with a TxEngine, in the caller's transaction: outside of it, the write
// could wait for that transaction for ever.
func (l *list) writeTx() {
	changes := make([]journal.Change, 0, len(l.run.records))
	for i := range l.run.records {
		if s := l.report.Outcomes[i].Status; s != journal.StatusQueued && s != journal.StatusDuplicate {
			changes = append(changes, journal.Change{record: &l.run.records[i]})
		}
	}
	if l.err != nil || len(changes) == 0 {
		return
	}
	if err := l.txEngine().WriteTx(l.ctx, l.tx, changes...); err != nil {
		l.err = fmt.Errorf("saferunner: run %q: not recorded: %w", l.run.runID, err)
	}
}

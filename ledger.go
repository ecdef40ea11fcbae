package saferunner

import (
	"context"
	"errors"
)

// Ledger is an [Engine] that keeps the journal in its own database, so that a
// call and its entry commit together. [WithEngine] alone makes its journal
// the runner's.
//
// Its Submit writes the queued entries ([Batch.Entry]), and claims the keys
// of its jobs with them: a job whose key another entry holds gets an entry
// with [StatusDuplicate] and a [Ticket] that names the holder. What becomes
// of a job is written by the engine, from what the [Handler] returns.
type Ledger interface {
	Engine
	// Journal returns the same journal each time.
	Journal() Journal
}

// TxEngine is a [Ledger] that can take part in a transaction of the caller;
// [Runner.RunTx] uses it. What a transaction is, is the engine's to say; it
// returns an error for any other value.
type TxEngine interface {
	Ledger
	// SubmitTx is Submit that takes effect when tx commits.
	SubmitTx(ctx context.Context, tx any, batch Batch) ([]Ticket, error)
	// WriteTx is Write of the journal that takes effect when tx commits.
	WriteTx(ctx context.Context, tx any, changes ...Change) error
}

// Canceller is an [Engine] that can take a call out; [Runner.Cancel] uses it.
type Canceller interface {
	// Cancel takes out the job of this entry if it has not begun, and cancels
	// the ctx of its handler if it has. It returns false where there is no such
	// job, or it has ended.
	Cancel(ctx context.Context, entryID string) (bool, error)
}

// adoptLedger makes the journal of a Ledger the runner's.
func (r *Runner) adoptLedger() error {
	ledger, ok := r.external.engine.(Ledger)
	if !ok {
		return nil
	}
	j := ledger.Journal()
	if r.journal != nil && r.journal != j {
		return errors.New("WithJournal: the engine keeps the journal itself: leave WithJournal out, or give it the engine's")
	}
	r.journal, r.external.ledger = j, true
	return nil
}

package engine

import (
	"context"
	"errors"

	"github.com/saferunner/saferunner/journal"
)

// Ledger is an [Engine] that keeps the journal in its own database, so that a
// call and its entry commit together. Its journal is that of the runner that
// gets it.
//
// Its Submit writes the queued entries ([Batch.Entry]) and claims the keys
// of its jobs with them: a job whose key another entry holds gets an entry
// with status duplicate and a [Ticket] that names the holder. What becomes
// of a job is written by the engine, from the [Ending] that the [Handler]
// returns.
type Ledger interface {
	Engine
	// Journal returns the same journal each time.
	Journal() journal.Journal
}

// TxEngine is a [Ledger] that can take part in a transaction of the caller.
// What a transaction is, is the engine's to say; it returns an error for any
// other value.
type TxEngine interface {
	Ledger
	// SubmitTx is Submit that takes effect when tx commits.
	SubmitTx(ctx context.Context, tx any, batch Batch) ([]Ticket, error)
	// WriteTx is Write of the journal that takes effect when tx commits.
	WriteTx(ctx context.Context, tx any, changes ...journal.Change) error
}

// ErrNoTx is returned by RunTx when the engine cannot queue calls in the
// caller's transaction. The in-process engine never can.
var ErrNoTx = errors.New("the engine cannot take part in a transaction")

// Canceller is an [Engine] that can take a call out.
type Canceller interface {
	// Cancel takes out the job of this entry if it has not begun, and cancels
	// the ctx of its handler, with the cause ErrCancelled, if it has. It
	// returns false where there is no such job, or it has ended.
	Cancel(ctx context.Context, entryID string) (bool, error)
}

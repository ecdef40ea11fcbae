package engine

import (
	"context"
	"errors"

	"github.com/saferunner/saferunner/journal"
)

// Ledger is an [Engine] that keeps the journal in its own database, so that a call
// and its entry commit together. A runner that is given a Ledger uses its journal.
//
// Submit writes the entries of the jobs ([Batch.Entry]) and claims their keys. A
// job whose key another entry holds gets an entry with status duplicate, and a
// [Ticket] that names the holder. The engine writes what becomes of a job, from the
// [Ending] that the [Handler] returns, and then calls Written of that.
type Ledger interface {
	Engine
	// Journal returns the journal. It is the same each time.
	Journal() journal.Journal
}

// Teller is a [Ledger] that also ends calls of which it asks no [Handler]: those
// whose process died, those that it cannot deliver, and those that were cancelled
// before they began.
type Teller interface {
	Ledger
	// Tell names the function that the engine calls for each of these that ends
	// badly, once the end is in the journal: once, by the process that has ended it.
	// It passes the job as a Handler would have got it, and what it has written.
	// The engine logs the end as well.
	// Runners call Tell when they are made, and in Start; the last call counts.
	Tell(func(context.Context, Delivery, Ending))
}

// TxEngine is a [Ledger] that can take part in a transaction of the caller. The
// engine says which types a transaction may have, and returns an error for others.
type TxEngine interface {
	Ledger
	// CheckTx returns why the engine cannot take part in tx: it is nil, or of
	// another type than the engine's database has. It asks no database, so that a
	// test finds the same as production.
	CheckTx(tx any) error
	// SubmitTx is like Submit, and takes effect when tx commits.
	SubmitTx(ctx context.Context, tx any, batch Batch) ([]Ticket, error)
	// WriteTx is like Write of the journal, and takes effect when tx commits.
	WriteTx(ctx context.Context, tx any, changes ...journal.Change) error
}

// ErrNoTx is returned by RunTx when the engine takes no part in transactions. The
// in-process engine never does.
var ErrNoTx = errors.New("the engine cannot take part in a transaction")

// Canceller is an [Engine] that can cancel a call.
type Canceller interface {
	// Cancel removes the job of this entry if it has not begun. If it has begun,
	// Cancel cancels the ctx of its handler with the cause ErrCancelled. It
	// returns false if there is no such job, or it has ended.
	Cancel(ctx context.Context, entryID string) (bool, error)
}

package door

import (
	"context"

	"github.com/saferunner/saferunner/engine"
)

// Transactions is what the root offers to InTx, which has a transaction.
type Transactions struct {
	// Hold returns a copy of ctx under which Runs wait, as under that of Defer,
	// and what ends that. caller is where InTx was called. The mark is for
	// Around.
	Hold func(ctx context.Context, caller uintptr, mark any) (context.Context, Held)

	// Around returns the marks of the transactions that Runs under ctx wait for,
	// the innermost first. It fails if one of these has ended.
	Around func(ctx context.Context) ([]any, error)
}

// Held are the lists that wait for a transaction. Queue comes before its
// commit. Committed, InDoubt or Forget is called once, when it has ended.
type Held interface {
	// Queue takes no further lists, and gives those that are async throughout, and
	// whose engine joins the transaction, to submit: all of one engine at once.
	// After an error Forget follows.
	Queue(joins func(engine.Engine) (bool, error), submit func(engine.Engine, []engine.Batch) ([]engine.Ticket, error)) error
	// Committed runs the other lists, or hands all to what is around.
	Committed() error
	// InDoubt leaves alone what was queued, and forgets the other lists.
	InDoubt(cause error)
	// Forget forgets all lists.
	Forget(cause error)
}

var transactions Transactions

// InstallTransactions is for the root.
func InstallTransactions(t Transactions) { transactions = t }

// OpenTransactions returns what the root has installed.
func OpenTransactions() Transactions { return transactions }

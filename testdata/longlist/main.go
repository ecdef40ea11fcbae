// Longlist hands long lists to a durable engine, and prints whether the time that
// takes grows with their length and no faster.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// ledger takes everything.
type ledger struct{ engine.Engine }

func (ledger) Submit(_ context.Context, b engine.Batch) ([]engine.Ticket, error) {
	tickets := make([]engine.Ticket, len(b.Jobs))
	for i := range tickets {
		if i%10 == 0 {
			tickets[i].Holder = b.Jobs[0].EntryID
		}
	}
	return tickets, nil
}

func (ledger) Journal() journal.Journal { return entries{} }

type entries struct{ journal.Journal }

func (entries) Write(context.Context, ...journal.Change) error { return nil }

var note = saferunner.Define("note.take", func(context.Context, int) error { return nil })

// best is the shortest of a few runs of n calls.
func best(r *saferunner.Runner, n int) (shortest time.Duration) {
	calls := make([]saferunner.Call, n)
	for i := range calls {
		calls[i] = note.With(i).Async()
	}
	for i := range 4 {
		start := time.Now()
		if _, err := r.Run(context.Background(), "long", calls...); err != nil {
			fmt.Println(err)
		}
		if took := time.Since(start); i == 0 || took < shortest {
			shortest = took
		}
	}
	return shortest
}

func main() {
	r, err := saferunner.New(saferunner.WithEngine(ledger{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	const short, factor = 5_000, 20
	few, many := best(r, short), best(r, short*factor)
	if many > few*factor*4 { // twenty times that, if it grew with the square
		fmt.Printf("%d calls take %s, %d take %s\n", short, few, short*factor, many)
		return
	}
	fmt.Println("linear")
}

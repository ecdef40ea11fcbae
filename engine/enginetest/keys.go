package enginetest

import (
	"context"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// testKeys claims keys with the jobs, and gives them back where a call has
// ended so that it no longer holds one.
func testKeys(l *ledger) {
	endings := map[string]journal.Status{}
	l.start(func(_ context.Context, d engine.Delivery) engine.Ending {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s, ok := endings[d.EntryID]; ok {
			return ended(s)
		}
		return done
	}, send)
	keyed := func(s journal.Status) engine.Job {
		j := job(send)
		j.Key = "order/17"
		l.mu.Lock()
		endings[j.EntryID] = s
		l.mu.Unlock()
		return j
	}
	first, twin := keyed(journal.StatusFailed), keyed(journal.StatusDone)
	if _, tickets := l.submit(first, twin); len(tickets) != 2 || tickets[0].Holder != "" || tickets[1].Holder != first.EntryID {
		l.Fatalf("of a key twice in one batch: tickets %+v, first is %s", tickets, first.EntryID)
	}
	l.becomes(twin.EntryID, journal.StatusDuplicate)
	l.becomes(first.EntryID, journal.StatusFailed)

	second := keyed(journal.StatusCancelled) // the first has given it back
	if _, tickets := l.submit(second); tickets[0].Holder != "" {
		l.Fatalf("a failed call holds its key: %+v", tickets)
	}
	l.becomes(second.EntryID, journal.StatusCancelled)
	third := keyed(journal.StatusInterrupted)
	if _, tickets := l.submit(third); tickets[0].Holder != "" {
		l.Fatalf("a cancelled call holds its key: %+v", tickets)
	}
	l.becomes(third.EntryID, journal.StatusInterrupted)
	if _, tickets := l.submit(keyed(journal.StatusDone), job(send)); tickets[0].Holder != third.EntryID || tickets[1].Holder != "" {
		l.Errorf("tickets %+v, want the holder %s and none", tickets, third.EntryID)
	}
	if holder, err := l.journal.Claim(l.Context(), send.Name, "order/17", id()); err != nil || holder != third.EntryID {
		l.Errorf("Claim: %s, %v", holder, err)
	}
	l.exactly(4)
}

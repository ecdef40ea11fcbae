package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// ledger is an engine under test that keeps the journal.
type ledger struct {
	*engine
	journal journal.Journal
}

// entry returns the journal's entry of this ID.
func (l *ledger) entry(id string) journal.Entry {
	l.Helper()
	page, err := l.journal.Query(context.Background(), journal.Query{ID: id})
	if err != nil || len(page.Entries) != 1 {
		l.Fatalf("Query for %s: %v, %d entries", id, err, len(page.Entries))
	}
	return page.Entries[0]
}

// becomes waits until the entry has this status.
func (l *ledger) becomes(id string, s journal.Status) journal.Entry {
	l.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		e := l.entry(id)
		if e.Status == s {
			return e
		}
		if time.Now().After(end) {
			l.Fatalf("entry %s is %s after %s, want %s: %+v", id, e.Status, patience, s, e)
		}
	}
}

func testJournal(l *ledger) {
	begin := make(chan struct{})
	l.start(func(_ context.Context, d engine.Delivery) error {
		<-begin
		d.KeepResult(json.RawMessage(`{"sid":"SM1"}`))
		return nil
	}, send)
	j := job(send)
	b, tickets := l.submit(j)
	if len(tickets) != 1 || tickets[0].Holder != "" {
		l.Errorf("tickets %+v", tickets)
	}
	e := l.becomes(j.EntryID, journal.StatusRunning)
	want := b.Entry(0)
	if e.RunID != want.RunID || e.Run != want.Run || e.Task != want.Task || !same(e.Args, want.Args) ||
		!e.Async || !e.At.Equal(want.At) || e.Caller != want.Caller {
		l.Errorf("got  %+v\nwant %+v", e, want)
	}
	if len(e.Attempts) != 1 || e.Attempts[0].Started.IsZero() || !e.Attempts[0].Finished.IsZero() || e.Attempts[0].Worker == "" {
		l.Errorf("while it runs: attempts %+v", e.Attempts)
	}
	close(begin)
	e = l.becomes(j.EntryID, journal.StatusDone)
	if !same(e.Result, json.RawMessage(`{"sid":"SM1"}`)) || e.StartedAt.IsZero() || e.FinishedAt.Before(e.StartedAt) {
		l.Errorf("when it is done: %+v", e)
	}
	if len(e.Attempts) != 1 || e.Attempts[0].Error != "" || !e.Attempts[0].Finished.Equal(e.FinishedAt) {
		l.Errorf("when it is done: attempts %+v", e.Attempts)
	}
}

func testFailures(l *ledger) {
	l.start(func(_ context.Context, d engine.Delivery) error {
		err := &saferunner.CallError{Err: errors.New("no answer\x00"), Stack: "goroutine 1"}
		if d.Task.Name == send.Name {
			return saferunner.Permanent(err)
		}
		return err
	}, retried(2), send)
	twice, once := job(retried(2)), job(send)
	l.submit(twice, once)
	e := l.becomes(twice.EntryID, journal.StatusFailed)
	if len(e.Attempts) != 2 || e.FinishedAt.IsZero() {
		l.Fatalf("got %+v", e)
	}
	for i, a := range append(e.Attempts, l.becomes(once.EntryID, journal.StatusFailed).Attempts...) {
		if !strings.Contains(a.Error, "no answer") || a.Stack != "goroutine 1" || a.Started.IsZero() || a.Finished.Before(a.Started) {
			l.Errorf("attempt %d: %+v", i, a)
		}
	}
}

func testKeys(l *ledger) {
	fail := true
	l.start(func(context.Context, engine.Delivery) error {
		if fail {
			fail = false
			return errors.New("no answer")
		}
		return nil
	}, send)
	keyed := func() engine.Job {
		j := job(send)
		j.Key = "order/17"
		return j
	}
	first, twin := keyed(), keyed()
	if _, tickets := l.submit(first, twin); len(tickets) != 2 || tickets[0].Holder != "" || tickets[1].Holder != first.EntryID {
		l.Fatalf("of a key twice in one batch: tickets %+v, first is %s", tickets, first.EntryID)
	}
	l.becomes(twin.EntryID, journal.StatusDuplicate)
	l.becomes(first.EntryID, journal.StatusFailed)

	second, third := keyed(), keyed() // the first has given it back
	if _, tickets := l.submit(second); tickets[0].Holder != "" {
		l.Fatalf("a failed call holds its key: %+v", tickets)
	}
	l.becomes(second.EntryID, journal.StatusDone)
	if _, tickets := l.submit(third, job(send)); tickets[0].Holder != second.EntryID || tickets[1].Holder != "" {
		l.Errorf("tickets %+v, want the holder %s and none", tickets, second.EntryID)
	}
	if holder, err := l.journal.Claim(l.Context(), send.Name, "order/17", id()); err != nil || holder != second.EntryID {
		l.Errorf("Claim: %s, %v", holder, err)
	}
	l.exactly(3)
}

func testUnknownTask(l *ledger) {
	l.start(done, send)
	unknown, known := job(engine.TaskSpec{Name: "of.another.version"}), job(send)
	l.submit(unknown, known)
	l.becomes(known.EntryID, journal.StatusDone)
	l.exactly(1)
	if e := l.entry(unknown.EntryID); e.Status != journal.StatusQueued || len(e.Attempts) != 0 {
		l.Errorf("a call of a task that nobody knows: %+v", e)
	}
}

func testRedacted(l *ledger) {
	l.start(done, send)
	j := job(send)
	j.Redacted, j.Args = true, json.RawMessage(`{"to":"[redacted]"}`)
	if _, err := l.Submit(l.Context(), batch(job(send), j)); err != nil {
		if !strings.Contains(err.Error(), "Seal") {
			l.Errorf("refused, and the error does not say what to do: %v", err)
		}
		l.exactly(0)
		return
	}
	if e := l.becomes(j.EntryID, journal.StatusDone); !same(e.Args, j.Args) {
		l.Errorf("the journal shows %s", e.Args)
	}
	for _, d := range l.exactly(2) {
		if !same(d.Payload, j.Payload) {
			l.Errorf("delivered %s", d.Payload)
		}
	}
}

package enginetest

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// ledger is an engine under test that keeps the journal.
type ledger struct {
	*subject
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
	return l.shows(id, string(s), func(e journal.Entry) bool { return e.Status == s })
}

// shows waits until the entry is as it should be.
func (l *ledger) shows(id, what string, is func(journal.Entry) bool) journal.Entry {
	l.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		e := l.entry(id)
		if is(e) {
			return e
		}
		if time.Now().After(end) {
			l.Fatalf("entry %s after %s, want it %s: %+v", id, patience, what, e)
		}
	}
}

func testJournal(l *ledger) {
	begin := make(chan struct{})
	l.start(func(context.Context, engine.Delivery) engine.Ending {
		<-begin
		return engine.Ending{Status: journal.StatusDone, Counts: true, Result: json.RawMessage(`{"sid":"SM1"}`)}
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

// testEndings writes down what endings say, and nothing of its own.
func testEndings(l *ledger) {
	endings := map[string]engine.Ending{
		"done":                {Status: journal.StatusDone},
		"done with a result":  {Status: journal.StatusDone, Result: json.RawMessage(`{"list":[1,null],"text":"<é>"}`)},
		"done with null":      {Status: journal.StatusDone, Result: json.RawMessage(`null`)},
		"failed":              {Status: journal.StatusFailed, Error: "no answer from +27 82 <é>"},
		"failed with a stack": {Status: journal.StatusFailed, Error: "panic: \"no\"", Stack: "main.main\n\tmain.go:7"},
		"interrupted":         {Status: journal.StatusInterrupted, Error: "its end was not seen"},
		"cancelled":           {Status: journal.StatusCancelled, Error: "the call was cancelled"},
		"of many lines":       {Status: journal.StatusFailed, Error: strings.Repeat("a line\n", 1000)},
	}
	byID := map[string]string{}
	var list []engine.Job
	for name := range endings {
		j := job(send)
		byID[j.EntryID] = name
		list = append(list, j)
	}
	l.start(func(_ context.Context, d engine.Delivery) engine.Ending { return endings[byID[d.EntryID]] }, send)
	l.submit(list...)
	for id, name := range byID {
		want := endings[name]
		e := l.becomes(id, want.Status)
		if len(e.Attempts) != 1 {
			l.Fatalf("%s: %d attempts: %+v", name, len(e.Attempts), e)
		}
		a := e.Attempts[0]
		if a.Error != want.Error || a.Stack != want.Stack || a.Started.IsZero() || a.Finished.Before(a.Started) || !a.Finished.Equal(e.FinishedAt) {
			l.Errorf("%s: attempt %+v", name, a)
		}
		if (len(e.Result) > 0 || len(want.Result) > 0) && !same(e.Result, want.Result) {
			l.Errorf("%s: result %s", name, e.Result)
		}
	}
}

// testWritten says that an end is in the journal once it is there, not before,
// and once only.
func testWritten(l *ledger) {
	type told struct {
		entry         string
		said, journal journal.Status
	}
	saw := make(chan told, 20)
	endings := []engine.Ending{done, ended(journal.StatusFailed), ended(journal.StatusCancelled), ended(journal.StatusInterrupted), again(time.Hour), later(time.Hour)}
	l.start(func(_ context.Context, d engine.Delivery) engine.Ending {
		end := endings[d.Position]
		end.Written = func(s journal.Status) { // which is not to keep the engine waiting
			go func() { saw <- told{d.EntryID, s, l.entry(d.EntryID).Status} }()
		}
		return end
	}, send)
	list := jobs(len(endings), send)
	l.submit(list...)
	want := map[told]int{}
	for i, j := range list {
		want[told{j.EntryID, endings[i].Status, endings[i].Status}]++
	}
	got := map[told]int{}
	for range list {
		select {
		case t := <-saw:
			got[t]++
		case <-time.After(patience):
			l.Fatalf("Written was called for %d ends, want %d", len(got), len(list))
		}
	}
	l.stop()
	if len(saw) > 0 || !maps.Equal(got, want) {
		l.Errorf("Written was told, and the journal had, %v, want %v", got, want)
	}
}

// testAttempts gives each attempt its own error and stack, and does not keep
// those that do not count.
func testAttempts(l *ledger) {
	first, second, third, last := again(0), again(0), again(0), ended(journal.StatusFailed)
	first.Error, first.Stack = "first", "stack of the first"
	second.Error = "second"
	third.Error, third.Stack = "", "stack of the third"
	l.start(l.script(later(0), first, later(0), second, third, later(0), last), send)
	j := job(send)
	l.submit(j)
	e := l.becomes(j.EntryID, journal.StatusFailed)
	l.attempts(l.exactly(7), 1, 1, 2, 2, 3, 4, 4)
	want := []engine.Ending{first, second, third, last}
	if len(e.Attempts) != len(want) {
		l.Fatalf("%d attempts, want %d: %+v", len(e.Attempts), len(want), e.Attempts)
	}
	for i, a := range e.Attempts {
		if a.Error != want[i].Error || a.Stack != want[i].Stack || a.Started.IsZero() || a.Finished.Before(a.Started) {
			l.Errorf("attempt %d: %+v, want %+v", i+1, a, want[i])
		}
	}
	if !e.StartedAt.Equal(e.Attempts[0].Started) || !e.FinishedAt.Equal(e.Attempts[3].Finished) {
		l.Errorf("from %s to %s, attempts %+v", e.StartedAt, e.FinishedAt, e.Attempts)
	}
}

// testBeforeTheNext looks at calls that wait for their next attempt.
func testBeforeTheNext(l *ledger) {
	l.start(func(_ context.Context, d engine.Delivery) engine.Ending {
		if d.Position == 0 {
			return again(time.Hour)
		}
		return later(time.Hour)
	}, send)
	list := jobs(2, send)
	list[0].Key, list[1].Key = "counted", "not counted"
	l.submit(list...)
	l.wait(2)
	l.shows(list[0].EntryID, "queued with an attempt that has ended", func(e journal.Entry) bool {
		return e.Status == journal.StatusQueued && len(e.Attempts) == 1 && e.ErrorText() == "no answer" && !e.Attempts[0].Finished.IsZero()
	})
	l.shows(list[1].EntryID, "as if it had never begun", func(e journal.Entry) bool {
		return e.Status == journal.StatusQueued && len(e.Attempts) == 0 && e.StartedAt.IsZero()
	})
	for _, j := range list {
		if holder, err := l.journal.Claim(l.Context(), send.Name, j.Key, id()); err != nil || holder != j.EntryID {
			l.Errorf("the key of a call that waits for its next attempt: holder %s, %v", holder, err)
		}
	}
}

// testStopped lets the handler say what becomes of calls that Stop has cut
// short.
func testStopped(l *ledger) {
	causes := make(chan error, 3)
	endings := []engine.Ending{ended(journal.StatusInterrupted), again(0), later(0)}
	l.start(func(ctx context.Context, d engine.Delivery) engine.Ending {
		return untilCancelled(causes, endings[d.Position])(ctx, d)
	}, send)
	list := jobs(3, send)
	l.submit(list...)
	l.wait(3)
	l.impatientStop()
	for range list {
		l.wantCause(causes, engine.ErrStopping)
	}
	l.exactly(3)
	for i, want := range endings {
		attempts := 1
		if !want.Counts {
			attempts = 0
		}
		if e := l.becomes(list[i].EntryID, want.Status); len(e.Attempts) != attempts || attempts > 0 && e.ErrorText() != want.Error {
			l.Errorf("cut short with %+v: %+v", want, e)
		}
	}
}

// testCancelled looks at the entries of calls that were cancelled.
func testCancelled(l *ledger) {
	c, ok := l.Engine.(engine.Canceller)
	if !ok {
		return
	}
	causes := make(chan error, 3)
	endings := []engine.Ending{ended(journal.StatusCancelled), ended(journal.StatusFailed), done}
	l.start(func(ctx context.Context, d engine.Delivery) engine.Ending {
		return untilCancelled(causes, endings[d.Position])(ctx, d)
	}, send)
	list := jobs(4, send)
	list[3].NotBefore, list[3].Key = time.Now().Add(time.Hour), "order/17"
	l.submit(list...)
	l.wait(3)
	for _, j := range list {
		if ok, err := c.Cancel(l.Context(), j.EntryID); !ok || err != nil {
			l.Fatalf("Cancel: %v, %v", ok, err)
		}
	}
	for i, want := range endings {
		if e := l.becomes(list[i].EntryID, want.Status); len(e.Attempts) != 1 || e.ErrorText() != want.Error {
			l.Errorf("cancelled while it executed: %+v, want %+v", e, want)
		}
	}
	l.becomes(list[3].EntryID, journal.StatusCancelled)
	if holder, err := l.journal.Claim(l.Context(), send.Name, "order/17", "next"); err != nil || holder != "next" {
		l.Errorf("the key of a call that was cancelled: holder %s, %v", holder, err)
	}
	l.exactly(3)
}

func testUnknownTask(l *ledger) {
	l.start(succeeds, send)
	unknown, known := job(engine.TaskSpec{Name: "of.another.version"}), job(send)
	l.submit(unknown, known)
	l.becomes(known.EntryID, journal.StatusDone)
	l.exactly(1)
	if e := l.entry(unknown.EntryID); e.Status != journal.StatusQueued || len(e.Attempts) != 0 {
		l.Errorf("a call of a task that nobody knows: %+v", e)
	}
}

func testRedacted(l *ledger) {
	l.start(succeeds, send)
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

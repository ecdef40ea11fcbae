package riverengine

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// lasting is what an entry says that never changes.
func lasting(t *testing.T, e journal.Entry) string {
	t.Helper()
	e.Status, e.Attempts, e.Result, e.StartedAt, e.FinishedAt = "", nil, nil, time.Time{}, time.Time{}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the journal says of a call while it is queued, it says to the end.
func TestQueuedEntry(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testQueuedEntry(t, false) })
	t.Run("sealed", func(t *testing.T) { testQueuedEntry(t, true, Seal(newKey(t))) })
}

func testQueuedEntry(t *testing.T, sealed bool, opts ...Option) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open(opts...)
		plain := engine.TaskSpec{Name: "order.created"}
		long := engine.TaskSpec{Name: "a" + strings.Repeat("b", 127)}
		b := batchOf(
			engine.Job{Task: plain, Key: "one|two"},
			engine.Job{Task: plain, Payload: json.RawMessage(`{"Card":"4111","Amount":1.50}`), Args: json.RawMessage(`{"Card":"[redacted]","Amount":1.50}`), Redacted: sealed},
			engine.Job{Task: plain, Payload: json.RawMessage(`[1,"a\u0000b"]`)},
			engine.Job{Task: long, NotBefore: time.Now().Add(time.Hour)},
		)
		if !sealed {
			b.Jobs[1].Args = b.Jobs[1].Payload
		}
		b.RunID, b.Caller = "order|created\n|", "a b/shop.go:17"
		if _, err := e.Submit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		queued := map[string]string{}
		for i, j := range b.Jobs {
			entry := entryOf(t, e, j.EntryID)
			want := b.Entry(i)
			want.At = entry.At // another time zone
			if got := lasting(t, entry); got != lasting(t, want) || entry.Status != journal.StatusQueued || !b.At.Equal(entry.At) {
				t.Errorf("queued as\n%s, is\n%s %s", lasting(t, want), entry.Status, got)
			}
			queued[j.EntryID] = lasting(t, entry)
		}
		for _, q := range []struct {
			journal.Query
			want int
		}{
			{journal.Query{Run: b.Run}, 4}, {journal.Query{Run: id()}, 0}, {journal.Query{RunID: b.RunID}, 4},
			{journal.Query{RunID: b.RunID, Task: long.Name}, 1}, {journal.Query{Statuses: []journal.Status{journal.StatusQueued}}, 4},
			{journal.Query{Statuses: []journal.Status{journal.StatusFailed}}, 0},
		} {
			if page, err := e.Journal().Query(t.Context(), q.Query); err != nil || len(page.Entries) != q.want {
				t.Errorf("%+v: %d entries, %v; want %d", q.Query, len(page.Entries), err, q.want)
			}
		}

		works(t, e, nothing, plain)
		for _, j := range b.Jobs[:3] {
			becomes(t, e, j.EntryID, journal.StatusDone)
		}
		if ok, err := e.Cancel(t.Context(), b.Jobs[3].EntryID); err != nil || !ok {
			t.Fatal(ok, err)
		}
		becomes(t, e, b.Jobs[3].EntryID, journal.StatusCancelled)
		for id, want := range queued {
			if got := lasting(t, entryOf(t, e, id)); got != want {
				t.Errorf("queued as\n%s, ended as\n%s", want, got)
			}
		}
		page, err := e.Journal().Query(context.Background(), journal.Query{Run: b.Run, OldestFirst: true})
		if err != nil || len(page.Entries) != 4 {
			t.Fatalf("%v, %d entries", err, len(page.Entries))
		}
		for i, entry := range page.Entries {
			if entry.ID != b.Jobs[i].EntryID {
				t.Errorf("entry %d is %s, want %s", i, entry.ID, b.Jobs[i].EntryID)
			}
		}
	})
}

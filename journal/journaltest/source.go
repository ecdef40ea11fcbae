package journaltest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

// calls is a run whose calls change after a Change of them was made. It
// counts how often it is asked.
type calls struct {
	mu      sync.Mutex
	entries []journal.Entry
	asked   int
}

func (c *calls) at(i int) journal.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	return c.entries[i]
}

func (c *calls) EntryID(i int) string        { return c.at(i).ID }
func (c *calls) Status(i int) journal.Status { return c.at(i).Status }
func (c *calls) Entry(i int) journal.Entry   { return c.at(i) }
func (c *calls) Size(i int) int64            { return journal.Put(c.at(i)).Size() }

// become gives all calls this status.
func (c *calls) become(s journal.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.entries {
		c.entries[i].Status = s
	}
}

// times is how often the calls were asked.
func (c *calls) times() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *calls) changes() []journal.Change {
	changes := make([]journal.Change, len(c.entries))
	for i := range changes {
		changes[i] = journal.Of(c, i)
	}
	return changes
}

// testLive writes calls that go on while the journal has them.
func testLive(t *testing.T, j subject) {
	run := &calls{entries: entries(5)}
	for _, status := range []journal.Status{journal.StatusQueued, journal.StatusRunning, journal.StatusDone} {
		run.become(status)
		j.write(run.changes()...)
		got := j.all(journal.Query{OldestFirst: true, Statuses: []journal.Status{status}})
		wantIDs(t, string(status), got, run.entries)
	}
	j.write(journal.Of(run, 0), journal.Forget(run.entries[1].ID), journal.Of(run, 2))
	wantIDs(t, "in the end", j.all(journal.Query{OldestFirst: true}), slices.Delete(slices.Clone(run.entries), 1, 2))
}

// testTwoJournals gives the same changes to two journals, as a tee does: each
// has all of them, and neither knows of the other.
func testTwoJournals(t *testing.T, j subject) {
	other := j.another()
	run := &calls{entries: entries(4)}
	for _, status := range []journal.Status{journal.StatusQueued, journal.StatusRunning, journal.StatusFailed} {
		run.become(status)
		changes := append(run.changes(), journal.Put(entry(journal.StatusDone)))
		j.write(changes...)
		other.write(changes...)
		for _, s := range []subject{j, other} {
			wantIDs(t, string(status), s.all(journal.Query{OldestFirst: true, Statuses: []journal.Status{status}}), run.entries)
		}
	}
	j.write(journal.Forget(run.entries[0].ID))
	q := journal.Query{OldestFirst: true, Statuses: []journal.Status{journal.StatusFailed}}
	wantIDs(t, "where one was forgotten", j.all(q), run.entries[1:])
	wantIDs(t, "where none was forgotten", other.all(q), run.entries)
	j.write(run.changes()...)
	wantIDs(t, "written again", j.all(q), run.entries)
}

// front is a journal that has another one do its work.
type front struct{ journal.Journal }

// testTwoInFront writes through two journals into one, as two runners do
// that share it.
func testTwoInFront(t *testing.T, j subject) {
	a, b := front{j.Journal}, front{j.Journal}
	write := func(f front, changes ...journal.Change) {
		t.Helper()
		if err := f.Write(context.WithoutCancel(t.Context()), changes...); err != nil {
			t.Fatalf("Write: %v", err)
		}
	}
	shared, first, second := &calls{entries: entries(3)}, &calls{entries: entries(3)}, &calls{entries: entries(3)}
	write(a, append(shared.changes(), first.changes()...)...)
	write(b, append(second.changes(), shared.changes()...)...)
	want := slices.Concat(shared.entries, first.entries, second.entries)
	wantIDs(t, "written", j.all(journal.Query{OldestFirst: true}), want)
	shared.become(journal.StatusDone)
	write(b, shared.changes()...)
	wantIDs(t, "written again", j.all(journal.Query{OldestFirst: true}), want)
	wantIDs(t, "done", j.all(journal.Query{OldestFirst: true, Statuses: []journal.Status{journal.StatusDone}}), shared.entries)
	write(a, journal.Forget(shared.entries[0].ID))
	wantIDs(t, "forgotten", j.all(journal.Query{OldestFirst: true}), want[1:])
}

// testBulk writes many entries, and asks about each of them a few times at
// most, however many there are already.
func testBulk(t *testing.T, j subject) {
	const many, most = 2000, 10 // most: how often an entry may be asked for what it is
	list := entries(many)
	mixed := make([]journal.Entry, many)
	for i := range mixed {
		mixed[i] = list[i*1237%many]
	}
	for _, order := range []struct {
		name    string
		entries []journal.Entry
	}{{"oldest first", list}, {"written again, newest first", reversed(list)}, {"written again, mixed", mixed}} {
		run := &calls{entries: order.entries}
		changes := run.changes()
		for len(changes) > 0 {
			n := min(len(changes), 7)
			j.write(changes[:n]...)
			changes = changes[n:]
		}
		j.page(journal.Query{Limit: 1}) // a buffer has been emptied
		if asked := run.times(); asked > many*most {
			t.Errorf("%s: %d entries were asked %d times for what they are, want %d at most", order.name, many, asked, many*most)
		}
	}
	wantIDs(t, "all of them", j.all(journal.Query{OldestFirst: true, Limit: journal.MaxPage}), list)
}

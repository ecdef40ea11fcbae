package journaltest

import (
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// allStatuses are those that are ever written, and an unknown one.
var allStatuses = append(journal.FinalStatuses(), journal.StatusQueued, journal.StatusRunning, unknown)

func testPrune(t *testing.T, j subject) {
	if n := j.prune(now()); n != 0 {
		t.Errorf("Prune of an empty journal: %d entries", n)
	}
	var stay []journal.Entry
	gone := 0
	for _, status := range allStatuses {
		e := entry(status)
		e.At, e.Key = now().Add(-time.Hour), "a key that nobody claimed"
		j.put(e)
		if status.Final() {
			gone++
		} else {
			stay = append(stay, e)
		}
	}
	young := entry(journal.StatusDone)
	j.put(young)
	stay = append(stay, young)

	before := now().Add(-time.Minute)
	if n := j.prune(time.Time{}); n != 0 {
		t.Errorf("Prune before the zero time: %d entries", n)
	}
	if n := j.prune(before); n != gone {
		t.Errorf("Prune: %d entries, want %d", n, gone)
	}
	got := j.all(journal.Query{OldestFirst: true})
	wantIDs(t, "after Prune", got, stay)
	for i := range stay {
		wantEntry(t, got[i], stay[i])
	}
	if n := j.prune(before); n != 0 {
		t.Errorf("Prune again: %d entries, want none", n)
	}
}

// testPruneByTime has the time of Run decide, whatever the other times and
// the order of IDs and of writing say.
func testPruneByTime(t *testing.T, j subject) {
	limit := now().Add(-time.Hour)
	list := make([]journal.Entry, 0, 40)
	var stay []journal.Entry
	for i := range 40 {
		e := full(journal.StatusDone)
		e.Key = ""
		e.StartedAt, e.FinishedAt = now(), now()
		e.At = limit.Add(time.Duration(20-i*7%40) * time.Millisecond)
		list = append(list, e)
		if !e.At.Before(limit) {
			stay = append(stay, e)
		}
	}
	j.put(reversed(list)...)
	j.put(list[:20]...) // written again, as calls are that end late
	if n := j.prune(limit); n != len(list)-len(stay) {
		t.Errorf("Prune: %d entries, want %d", n, len(list)-len(stay))
	}
	wantIDs(t, "after Prune", j.all(journal.Query{OldestFirst: true}), stay)

	for _, before := range []time.Time{ // far beyond what fits into 64 bits of nanoseconds
		time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		if n := j.prune(before); n != 0 {
			t.Errorf("Prune before %s: %d entries", before, n)
		}
	}
	if n := j.prune(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)); n != len(stay) {
		t.Errorf("Prune before the year 9999: %d entries, want %d", n, len(stay))
	}
}

// testPruneKeys prunes entries that hold keys, and some that no longer do.
func testPruneKeys(t *testing.T, j subject) {
	old := func(status journal.Status, key string) journal.Entry {
		e := full(status)
		e.At, e.Key = now().Add(-time.Hour), key
		return e
	}
	done, interrupted := old(journal.StatusDone, "d"), old(journal.StatusInterrupted, "i")
	failed, queued := old(journal.StatusRunning, "f"), old(journal.StatusQueued, "q")
	for _, e := range []journal.Entry{done, interrupted, failed, queued} {
		j.wantHolder(e.Task, e.Key, e.ID, e.ID)
	}
	j.put(done, interrupted, failed, queued, old(journal.StatusDuplicate, "d"), old(journal.StatusDone, "d"))
	failed.Status = journal.StatusFailed
	j.put(failed)

	if n := j.prune(now()); n != 5 {
		t.Errorf("Prune: %d entries, want 5", n)
	}
	wantIDs(t, "after Prune", j.all(journal.Query{OldestFirst: true}), []journal.Entry{done, interrupted, queued})
	for _, e := range []journal.Entry{done, interrupted} {
		got, _ := j.get(e.ID)
		wantEntry(t, got, journal.Entry{ID: e.ID, Task: e.Task, Key: e.Key, Status: e.Status, Result: e.Result})
	}
	got, _ := j.get(queued.ID)
	wantEntry(t, got, queued)
	if n := j.prune(now().Add(time.Hour)); n != 0 {
		t.Errorf("Prune again: %d entries, want none: what was emptied is counted once", n)
	}

	for _, e := range []journal.Entry{done, interrupted, queued} {
		j.wantHolder(e.Task, e.Key, "another", e.ID)
	}
	j.wantHolder(failed.Task, failed.Key, "another", "another")
	j.write(journal.Forget(done.ID)) // emptied though it is
	j.wantHolder(done.Task, done.Key, "another", "another")
}

package journaltest

import (
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// later waits for the clock to move on, and returns the time. What was
// written before is earlier in every journal's eyes, and what is written
// after is later.
func (j journal) later() time.Time {
	j.t.Helper()
	j.page(journal.Query{Limit: 1}) // a buffer has been emptied
	time.Sleep(2 * time.Millisecond)
	at := now()
	time.Sleep(2 * time.Millisecond)
	return at
}

func testPrune(t *testing.T, j journal) {
	if n := j.prune(now()); n != 0 {
		t.Errorf("Prune of an empty journal: %d entries", n)
	}
	var stay []journal.Entry
	gone := 0
	for _, status := range []journal.Status{
		journal.StatusQueued, journal.StatusDone, journal.StatusFailed, journal.StatusRunning,
		journal.StatusRecorded, journal.StatusStubbed, journal.StatusSkipped, journal.StatusHeld,
		journal.StatusDuplicate, journal.StatusInterrupted, journal.StatusCancelled,
	} {
		e := entry(status)
		e.Key = "a key that nobody claimed"
		j.put(e)
		if status.Final() {
			gone++
		} else {
			stay = append(stay, e)
		}
	}
	before := j.later()
	young := entry(journal.StatusDone)
	j.put(young)
	stay = append(stay, young)

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

// testPruneKeys prunes entries that hold keys, and some that no longer do.
func testPruneKeys(t *testing.T, j journal) {
	done, interrupted, failed, queued := full(journal.StatusDone), full(journal.StatusInterrupted), full(journal.StatusRunning), full(journal.StatusQueued)
	interrupted.Key, failed.Key, queued.Key = "i", "f", "q"
	for _, e := range []journal.Entry{done, interrupted, failed, queued} {
		j.wantHolder(done.Task, e.Key, e.ID, e.ID)
	}
	duplicate, unclaimed := full(journal.StatusDuplicate), full(journal.StatusDone)
	j.put(done, interrupted, failed, queued, duplicate, unclaimed)
	failed.Status = journal.StatusFailed
	j.put(failed)

	before := j.later()
	if n := j.prune(before); n != 5 {
		t.Errorf("Prune: %d entries, want 5", n)
	}
	wantIDs(t, "after Prune", j.all(journal.Query{OldestFirst: true}), []journal.Entry{done, interrupted, queued})
	for _, e := range []journal.Entry{done, interrupted} {
		got, _ := j.get(e.ID)
		wantEntry(t, got, journal.Entry{ID: e.ID, Task: e.Task, Key: e.Key, Status: e.Status, Result: e.Result})
	}
	got, _ := j.get(queued.ID)
	wantEntry(t, got, queued)
	if n := j.prune(j.later()); n != 0 {
		t.Errorf("Prune again: %d entries, want none: what was emptied is counted once", n)
	}

	for _, e := range []journal.Entry{done, interrupted, queued} {
		j.wantHolder(done.Task, e.Key, "another", e.ID)
	}
	j.wantHolder(done.Task, failed.Key, "another", "another")
	j.write(journal.Forget(done.ID)) // emptied though it is
	j.wantHolder(done.Task, done.Key, "another", "another")
}

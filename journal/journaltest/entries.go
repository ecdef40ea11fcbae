package journaltest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

func testWrite(t *testing.T, j subject) {
	if page := j.page(journal.Query{}); len(page.Entries) != 0 || page.Next != "" {
		t.Errorf("a new journal has entries %v, next %q", ids(page.Entries), page.Next)
	}
	j.write()
	list := entries(3)
	changes := []journal.Change{journal.Put(list[0]), journal.Put(list[1])}
	j.write(changes...)
	changes[0], changes[1] = journal.Put(entry(journal.StatusDone)), journal.Forget(list[0].ID) // the slice is ours again
	j.put(list[2])
	wantIDs(t, "written", j.all(journal.Query{OldestFirst: true}), list)
}

func testFields(t *testing.T, j subject) {
	want := []journal.Entry{full(journal.StatusDone), {ID: newID(), RunID: "r", Task: "nothing.much", Status: journal.StatusSkipped, At: now()}}
	j.put(want...)
	got := j.all(journal.Query{OldestFirst: true})
	wantIDs(t, "written", got, want)
	for i := range got {
		wantEntry(t, got[i], want[i])
	}
	if !got[1].StartedAt.IsZero() || !got[1].FinishedAt.IsZero() {
		t.Errorf("times that were zero are %v and %v", got[1].StartedAt, got[1].FinishedAt)
	}
}

// testUpdate writes a call as it proceeds, in one Write and in several.
func testUpdate(t *testing.T, j subject) {
	first, e, last := entry(journal.StatusDone), full(journal.StatusDone), entry(journal.StatusDone)
	queued, running := e, e
	queued.Status, queued.Attempts, queued.Result = journal.StatusQueued, nil, nil
	queued.StartedAt, queued.FinishedAt = time.Time{}, time.Time{}
	running.Status, running.Attempts, running.Result = journal.StatusRunning, e.Attempts[:1], nil
	running.FinishedAt = time.Time{}

	j.put(first, queued, last)
	for _, state := range []journal.Entry{queued, running, e} {
		j.put(state)
		got, _ := j.get(e.ID)
		wantEntry(t, got, state)
	}
	j.put(queued, running, queued, e, running)
	got, _ := j.get(e.ID)
	wantEntry(t, got, running)
	wantIDs(t, "after updates", j.all(journal.Query{OldestFirst: true}), []journal.Entry{first, e, last})
	wantIDs(t, "done", j.all(journal.Query{OldestFirst: true, Statuses: []journal.Status{journal.StatusDone}}), []journal.Entry{first, last})

	// An entry that is new and updated in one Write is there once.
	list := entries(2)
	again := list[0]
	again.Status = journal.StatusFailed
	j.put(list[0], list[1], again)
	wantIDs(t, "updated in one Write", j.page(journal.Query{Limit: 2}).Entries, reversed(list))
	got, _ = j.get(again.ID)
	wantEntry(t, got, again)
}

func testForget(t *testing.T, j subject) {
	list := entries(3)
	j.put(list...)
	j.write(journal.Forget(list[1].ID), journal.Forget("no-such-entry"))
	wantIDs(t, "after Forget", j.all(journal.Query{OldestFirst: true}), []journal.Entry{list[0], list[2]})
	if _, ok := j.get(list[1].ID); ok {
		t.Errorf("a forgotten entry is still found by its ID")
	}

	j.write(journal.Put(list[1]), journal.Forget(list[0].ID), journal.Forget(list[1].ID))
	wantIDs(t, "forgotten in the Write that made it", j.all(journal.Query{}), []journal.Entry{list[2]})
	j.write(journal.Forget(list[2].ID), journal.Put(list[0]), journal.Put(list[2]))
	wantIDs(t, "written again after Forget", j.all(journal.Query{OldestFirst: true}), []journal.Entry{list[0], list[2]})
}

func testFilters(t *testing.T, j subject) {
	var list []journal.Entry
	for i := range 24 {
		e := entry([]journal.Status{journal.StatusDone, journal.StatusFailed, journal.StatusQueued}[i%3])
		e.RunID = fmt.Sprintf("run.%d", i%2)
		e.Run = fmt.Sprintf("execution-%d", i/2%2)
		e.Task = fmt.Sprintf("task.%d", i/4%2)
		list = append(list, e)
	}
	j.put(list...)
	failedOrDone := []journal.Status{journal.StatusFailed, journal.StatusDone, journal.StatusFailed}
	for _, q := range []journal.Query{
		{},
		{ID: list[5].ID},
		{ID: "no-such-entry"},
		{RunID: "run.1"},
		{RunID: "run."},
		{Run: "execution-1"},
		{Task: "task.0"},
		{Task: "TASK.0"},
		{Statuses: []journal.Status{journal.StatusQueued}},
		{Statuses: []journal.Status{journal.StatusStubbed}},
		{Statuses: failedOrDone},
		{RunID: "run.0", Task: "task.1"},
		{RunID: "run.0", Run: "execution-0", Task: "task.1", Statuses: failedOrDone},
		{Task: "task.1", Statuses: failedOrDone},
		{ID: list[5].ID, RunID: list[5].RunID, Statuses: []journal.Status{list[5].Status}},
		{ID: list[5].ID, RunID: list[4].RunID},
	} {
		var want []journal.Entry
		for _, e := range list {
			if matches(e, q) {
				want = append(want, e)
			}
		}
		wantIDs(t, fmt.Sprintf("%+v", q), j.all(q), reversed(want))
		q.OldestFirst, q.Limit = true, 3
		wantIDs(t, fmt.Sprintf("%+v", q), j.all(q), want)
	}
}

func matches(e journal.Entry, q journal.Query) bool {
	return (len(q.Statuses) == 0 || slices.Contains(q.Statuses, e.Status)) && (q.ID == "" || q.ID == e.ID) &&
		(q.RunID == "" || q.RunID == e.RunID) && (q.Run == "" || q.Run == e.Run) && (q.Task == "" || q.Task == e.Task)
}

// unknown is a status that a later version may add.
const unknown journal.Status = "adjourned"

// testUnknownStatus keeps what a newer process has written.
func testUnknownStatus(t *testing.T, j subject) {
	e, done := full(unknown), entry(journal.StatusDone)
	e.At, done.At = now().Add(-time.Hour), now().Add(-time.Hour)
	j.wantHolder(e.Task, e.Key, e.ID, e.ID)
	j.put(e, done)
	wantIDs(t, "by its status", j.all(journal.Query{Statuses: []journal.Status{unknown}}), []journal.Entry{e})
	j.wantHolder(e.Task, e.Key, "another", e.ID)
	if n := j.prune(now()); n != 1 {
		t.Errorf("Prune: %d entries, want 1, the one that is done", n)
	}
	got, _ := j.get(e.ID)
	wantEntry(t, got, e)
	j.wantHolder(e.Task, e.Key, "another", e.ID)
}

// testWriters has several goroutines write and read at once.
func testWriters(t *testing.T, j subject) {
	const writers, each = 8, 40
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				e := entry(journal.StatusRunning)
				e.Run, e.Args = fmt.Sprint("writer-", w), json.RawMessage(fmt.Sprint(i))
				done := e
				done.Status = journal.StatusDone
				if err := j.Write(t.Context(), journal.Put(e)); err != nil {
					t.Errorf("Write: %v", err)
				}
				if i%10 == 0 {
					if _, err := j.Query(t.Context(), journal.Query{}); err != nil {
						t.Errorf("Query: %v", err)
					}
				}
				if err := j.Write(t.Context(), journal.Put(done)); err != nil {
					t.Errorf("Write: %v", err)
				}
			}
		})
	}
	group.Wait()
	for w := range writers {
		q := journal.Query{Run: fmt.Sprint("writer-", w), OldestFirst: true, Limit: 7, Statuses: []journal.Status{journal.StatusDone}}
		got := j.all(q)
		if len(got) != each {
			t.Fatalf("writer %d: %d entries are done, want %d", w, len(got), each)
		}
		for i, e := range got {
			if string(e.Args) != fmt.Sprint(i) {
				t.Fatalf("writer %d: entry %d is the one that was written as number %s", w, i, e.Args)
			}
		}
	}
}

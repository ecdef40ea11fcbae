package riverengine

import (
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

func fetchAll(t *testing.T, e *Engine) []*rivertype.JobRow {
	t.Helper()
	got, err := executorOf(t, e).JobGetAvailable(t.Context(), &riverdriver.JobGetAvailableParams{
		ClientID: e.name, MaxAttemptedBy: 100, MaxToLock: 10, Queue: queueOf(""), Schema: schemaOf(e),
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.Jobs
}

// A fetch whose answer is lost has made jobs running in the name of this process.
// They go back into the queue, as if they had not been fetched, once it is
// certain that no answer brings them.
func TestFetchWithoutAnswer(t *testing.T) {
	onBothAt(t, func(t *testing.T, open func(*testing.T, liveness.Pace, ...Option) *Engine) {
		e := open(t, silent)
		b := submit(t, e, engine.Job{Task: note}, engine.Job{Task: note})
		known, lost := jobOf(t, e, b.Jobs[0].EntryID), jobOf(t, e, b.Jobs[1].EntryID)
		if n := len(fetchAll(t, e)); n != len(b.Jobs) {
			t.Fatalf("fetched %d", n)
		}
		delete(e.fetches.jobs, lost)
		var s sweeper
		look := func() {
			t.Helper()
			if err := s.look(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		late := e.fetches.begin()
		for range 3 { // the answer may come yet
			look()
		}
		if got := entryOf(t, e, b.Jobs[1].EntryID); got.Status != journal.StatusRunning {
			t.Fatalf("it is %s while an answer is due", got.Status)
		}
		e.fetches.end(late, nil)
		look()
		look()
		if got := entryOf(t, e, b.Jobs[1].EntryID); got.Status != journal.StatusQueued || len(got.Attempts) != 0 {
			t.Errorf("the lost one is %s with attempts %v", got.Status, got.Attempts)
		}
		if got := entryOf(t, e, b.Jobs[0].EntryID); got.Status != journal.StatusRunning {
			t.Errorf("the other one is %s", got.Status)
		}
		again := fetchAll(t, e)
		if len(again) != 1 || again[0].ID != lost || again[0].Attempt != 1 {
			t.Errorf("fetched %+v, want job %d in attempt 1", again, lost)
		}
		if _, there := e.fetches.jobs[known]; !there {
			t.Error("the other one is not known any more")
		}
	})
}

// What ends, or is fetched again, while the sweeper looks stays what it is.
func TestSweeperLeavesAlone(t *testing.T) {
	begun := time.Now()
	f := fetches{jobs: map[int64]time.Time{1: begun}, pending: map[int]struct{}{}}
	var s sweeper
	for name, running := range []map[int64]string{
		{1: "a", 2: "a"}, // 2 ends now, but was running a moment ago
		{1: "a", 2: "b"}, // and is in another attempt
		{1: "a"},
		{1: "a", 2: "b"},
	} {
		if missed := s.missed(&f, running); len(missed) > 0 {
			t.Errorf("look %d: %v would go back", name, missed)
		}
	}
	f.drop(map[int64]time.Time{1: begun.Add(-time.Second)}) // the end of an attempt before, written late
	if _, known := f.jobs[1]; !known {
		t.Error("an attempt is not known since the one before it has ended")
	}
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		b := submit(t, e, engine.Job{Task: note})
		job := jobOf(t, e, b.Jobs[0].EntryID)
		works(t, e, nothing, note)
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
		var text string
		read := func(scan scan) error { return scan(&text) }
		if err := e.db.read().query(t.Context(), read, "SELECT CAST(attempted_at AS text) FROM @river_job WHERE id = $1", job); err != nil {
			t.Fatal(err)
		}
		if n, err := e.db.read().exec(t.Context(), e.db.putBack(), job, text); err != nil || n != 0 {
			t.Errorf("a call that is done went back: %d, %v", n, err)
		}
	})
}

package riverengine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// giveUp does to the jobs that run what the leader does to lost ones.
func giveUp(t *testing.T, e *Engine) {
	t.Helper()
	lost := "scheduled_at = now(), metadata = metadata || '{\"river:rescue_count\": 1}'"
	if _, ok := e.db.(*sqliteDB); ok {
		lost = "scheduled_at = datetime('now', 'subsec'), metadata = jsonb_set(metadata, '$.\"river:rescue_count\"', 1)"
	}
	if _, err := e.db.read().exec(t.Context(), "UPDATE @river_job SET state = 'available', "+lost+" WHERE state = 'running'"); err != nil {
		t.Fatal(err)
	}
}

// An attempt that was given up for lost, and ends all the same, does not end
// the one that has taken its place, in whatever process that executes.
func TestLateEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		for name, late := range map[string]engine.Ending{
			"done":              {Status: journal.StatusDone, Counts: true},
			"failed":            {Status: journal.StatusFailed, Counts: true, Error: "late"},
			"again":             {Status: journal.StatusQueued, Counts: true, Error: "late"},
			"later":             {Status: journal.StatusQueued},
			"elsewhere, done":   {Status: journal.StatusDone, Counts: true},
			"elsewhere, failed": {Status: journal.StatusFailed, Counts: true, Error: "late"},
		} {
			t.Run(name, func(t *testing.T) { testLateEnd(t, name, late, open) })
		}
	})
}

func testLateEnd(t *testing.T, name string, late engine.Ending, open func(...Option) *Engine) {
	var log logged
	begun, end := make(chan int, 9), []chan struct{}{make(chan struct{}), make(chan struct{})}
	late.Written = func(s journal.Status) { t.Errorf("the late end counts as written: %s", s) }
	written := make(chan journal.Status, 1)
	handler := func(_ context.Context, d engine.Delivery) engine.Ending {
		begun <- d.Attempt
		<-end[d.Attempt-1]
		if d.Attempt == 1 {
			return late
		}
		return engine.Ending{Status: journal.StatusDone, Counts: true, Written: func(s journal.Status) { written <- s }}
	}
	slots := 2
	if strings.HasPrefix(name, "elsewhere") {
		slots = 1 // which the first attempt has
	}
	e := open(Concurrency(slots), Logger(log.logger()))
	handles(t, e, handler, retry)
	id := submit(t, e, engine.Job{Task: retry}).Jobs[0].EntryID
	if n := <-begun; n != 1 {
		t.Fatalf("attempt %d", n)
	}
	giveUp(t, e)
	if slots == 1 {
		handles(t, open(), handler, retry)
	}
	if n := <-begun; n != 2 {
		t.Fatalf("attempt %d", n)
	}
	close(end[0])
	waitFor(t, 10*time.Second, "the late end to be logged", func() bool {
		return strings.Contains(log.String(), "came too late") && strings.Contains(log.String(), id)
	})
	if entry := entryOf(t, e, id); entry.Status != journal.StatusRunning || len(entry.Attempts) != 2 {
		t.Errorf("after the late end: %+v", entry)
	}
	close(end[1])
	entry := becomes(t, e, id, journal.StatusDone)
	if len(entry.Attempts) != 2 || strings.Contains(entry.ErrorText(), "late") || <-written != journal.StatusDone {
		t.Errorf("got %+v", entry)
	}
}

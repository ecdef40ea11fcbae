package riverengine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A handler that panics has lost its attempt: a call with attempts left is
// executed again, another is interrupted, and the worker goes on.
func TestHandlerPanics(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		handles(t, e, func(_ context.Context, d engine.Delivery) engine.Ending {
			if d.Attempt == 1 {
				panic("no such field")
			}
			return withResult("")
		}, note, retry)
		b := submit(t, e, engine.Job{Task: note}, engine.Job{Task: retry})
		if entry := becomes(t, e, b.Jobs[0].EntryID, journal.StatusInterrupted); !strings.Contains(entry.ErrorText(), "no such field") {
			t.Errorf("it does not say why: %+v", entry)
		}
		if entry := becomes(t, e, b.Jobs[1].EntryID, journal.StatusDone); len(entry.Attempts) != 2 {
			t.Errorf("got %+v", entry)
		}
	})
}

// What is lost shows what package engine says of it.
func TestLostCallSaysSo(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		b := submit(t, e, engine.Job{Task: quick}, engine.Job{Task: retry})
		strand(t, e)
		works(t, e, nothing, note)
		for i, job := range b.Jobs {
			want := engine.Lost(job.Task, 1)
			entry := becomes(t, e, b.Jobs[i].EntryID, want.Status)
			if len(entry.Attempts) != 1 || entry.ErrorText() != want.Error {
				t.Errorf("got %+v, want %+v", entry, want)
			}
		}
	})
}

// A call that asks for another attempt has ended if somebody has cancelled it
// meanwhile, and does not show what an attempt before had come to.
func TestAgainWhileCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e, begun := open(), make(chan struct{}, 1)
		handles(t, e, func(ctx context.Context, d engine.Delivery) engine.Ending {
			if d.Attempt == 1 {
				return engine.Ending{Status: journal.StatusFailed, Counts: true, Error: "first"}
			}
			begun <- struct{}{}
			<-ctx.Done()
			return engine.Ending{Status: journal.StatusQueued, Counts: true, Error: "second"}
		}, note)
		id := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
		becomes(t, e, id, journal.StatusFailed)
		runByHand(t, e, id)
		<-begun
		if ok, err := e.Cancel(t.Context(), id); err != nil || !ok {
			t.Fatalf("Cancel: %v, %v", ok, err)
		}
		if entry := becomes(t, e, id, journal.StatusCancelled); entry.ErrorText() != "second" {
			t.Errorf("got %+v", entry)
		}
	})
}

// Prune goes by the time of Run, and takes the arguments along that a job of
// River's still has, whenever that has ended.
func TestPruneTakesJobsAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		works(t, e, func(context.Context, engine.Delivery) error { return permanent("no answer") }, note)
		old := batchOf(engine.Job{Task: note})
		old.At = time.Now().Add(-time.Hour)
		if _, err := e.Submit(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		young := submit(t, e, engine.Job{Task: note})
		gone, stays := old.Jobs[0].EntryID, young.Jobs[0].EntryID
		for _, id := range []string{gone, stays} {
			becomes(t, e, id, journal.StatusFailed)
		}
		if n, err := e.Journal().Prune(t.Context(), time.Now().Add(-time.Minute)); err != nil || n != 1 {
			t.Errorf("Prune: %d entries, %v", n, err)
		}
		if text := stored(t, e, gone); text != "no job" {
			t.Errorf("the arguments of the pruned call are still there: %s", text)
		}
		if text := stored(t, e, stays); text == "no job" {
			t.Error("the arguments of the other call are gone")
		}
	})
}

// A Change that nobody has made is refused, and nothing is written.
func TestZeroChange(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		put := journal.Put(journal.Entry{ID: id(), Status: journal.StatusDone})
		if err := e.Journal().Write(t.Context(), put, journal.Change{}); err == nil || !strings.Contains(err.Error(), "zero Change") {
			t.Errorf("Write: %v", err)
		}
		page, err := e.Journal().Query(t.Context(), journal.Query{})
		if err != nil || len(page.Entries) != 0 {
			t.Errorf("%d entries, %v", len(page.Entries), err)
		}
	})
}

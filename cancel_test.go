package saferunner_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestCancelInTestMode(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "later", e.note.With("now"), e.note.With("async").Async(),
		e.note.With("later").After(time.Hour), e.note.With("at").At(time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{saferunner.ErrEnded, saferunner.ErrEnded, nil, nil} {
		id := report.Outcomes()[i].EntryID
		if err := rec.Runner().Cancel(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i+1, err, want)
		}
		if err := rec.Runner().Cancel(t.Context(), id); !errors.Is(err, saferunner.ErrEnded) {
			t.Errorf("call %d, again: got %v", i+1, err)
		}
	}
	if got, want := statuses(report), "recorded recorded cancelled cancelled"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := rec.PerformAll(); err != nil {
		t.Error(err)
	}
	e.wantDone(t, "now", "async")
}

func TestCancelInProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := quiet(t, saferunner.Concurrency(1)), newEffects()
		release := make(chan struct{})
		blocks := saferunner.Define("blocks.task", func(context.Context, int) error { <-release; return nil })
		report, err := r.Run(t.Context(), "queue", blocks.With(1).Async(), e.note.With("queued").Async(), e.note.With("later").After(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i, want := range []error{saferunner.ErrNoCancel, nil, nil} {
			if err := r.Cancel(t.Context(), report.Outcomes()[i].EntryID); !errors.Is(err, want) {
				t.Errorf("call %d: got %v, want %v", i+1, err, want)
			}
		}
		close(release)
		if err := report.Wait(t.Context()); err == nil {
			t.Error("Wait does not tell of cancelled calls")
		}
		if got, want := statuses(report), "done cancelled cancelled"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		start := time.Now()
		if err := r.Shutdown(t.Context()); err != nil || time.Since(start) > 0 {
			t.Errorf("Shutdown waits %s for what was cancelled, %v", time.Since(start), err)
		}
		e.wantDone(t)
	})
}

func TestCancelOfWhatCannotBe(t *testing.T) {
	rec := saferunnertest.New(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rec.Runner().Cancel(ended, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("under a ctx that has ended: %v", err)
	}
	if err := rec.Runner().Cancel(t.Context(), "x"); !errors.Is(err, saferunner.ErrEnded) {
		t.Errorf("of an unknown call: %v", err)
	}
	r, err := saferunner.New(saferunner.WithJournal(brokenJournal{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Cancel(t.Context(), "x"); !errors.Is(err, saferunner.ErrNoCancel) {
		t.Errorf("with a journal that is not in memory: %v", err)
	}
}

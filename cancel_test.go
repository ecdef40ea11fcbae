package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
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
	for name, j := range map[string]journal.Journal{
		"in memory":       saferunner.NewMemoryJournal(1000, 1<<20),
		"another journal": rendered{saferunner.NewMemoryJournal(1000, 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { cancelInProcess(t, j) })
		})
	}
}

func cancelInProcess(t *testing.T, j journal.Journal) {
	var mu sync.Mutex
	var told []string
	r := quiet(t, saferunner.Concurrency(1), saferunner.WithJournal(j), saferunner.OnFailure(func(ctx context.Context, e journal.Entry, err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprint(e.Status, " ", ctx.Value(ctxKey{})))
	}))
	e, f := newEffects(), newFlaky(9, saferunner.Attempts(9), saferunner.Backoff(time.Hour, time.Hour))
	release := make(chan struct{})
	blocks := saferunner.Define("blocks.task", func(context.Context, int) error { <-release; return nil })
	report, err := r.Run(context.WithValue(t.Context(), ctxKey{}, "of Run"), "queue", e.note.With("done"), f.task.With("retried").Async(),
		blocks.With(1).Async(), e.note.With("queued").Async().Key("k"), e.note.With("later").After(time.Hour), e.note.With("at").At(time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	for i, want := range []error{saferunner.ErrEnded, nil, saferunner.ErrNoCancel, nil, nil, nil} {
		id := report.Outcomes()[i].EntryID
		if err := r.Cancel(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("call %d: got %v, want %v", i+1, err, want)
		}
		if err := r.Cancel(t.Context(), id); want == nil && !errors.Is(err, saferunner.ErrEnded) {
			t.Errorf("call %d, again: got %v", i+1, err)
		}
	}
	if err := r.Cancel(t.Context(), "unknown"); !errors.Is(err, saferunner.ErrEnded) {
		t.Errorf("an unknown call: %v", err)
	}
	close(release)
	if err := report.Wait(t.Context()); err == nil || strings.Count(err.Error(), "it was cancelled") != 4 {
		t.Errorf("Wait returned %v", err)
	}
	if got, want := statuses(report), "done cancelled done cancelled cancelled cancelled"; got != want || statusesOf(t, r, "queue") != want {
		t.Errorf("the report has %s, the journal %s, want %s", got, statusesOf(t, r, "queue"), want)
	}
	if report, err := r.Run(t.Context(), "again", e.note.With("its key is free").Key("k")); err != nil || statuses(report) != "done" {
		t.Errorf("the key of a cancelled call: %s, %v", statuses(report), err)
	}
	start := time.Now()
	if err := r.Shutdown(t.Context()); err != nil || time.Since(start) > 0 {
		t.Errorf("Shutdown waits %s for what was cancelled, %v", time.Since(start), err)
	}
	e.wantDone(t, "done", "its key is free")
	if got := strings.Join(told, ", "); len(f.at) != 1 || got != "cancelled of Run, cancelled of Run, cancelled of Run, cancelled of Run" {
		t.Errorf("%d attempts, OnFailure was told: %s", len(f.at), got)
	}
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
	r, e := newRunner(t, saferunner.WithJournal(rendered{saferunner.NewMemoryJournal(10, 1<<20)})), newEffects()
	report, err := r.Run(t.Context(), "recorded", e.note.With("x").After(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Cancel(t.Context(), report.Outcomes()[0].EntryID); !errors.Is(err, saferunner.ErrNoCancel) {
		t.Errorf("of a recorded call in a journal that does not know its time: %v", err)
	}
	if err := r.Cancel(t.Context(), "x"); !errors.Is(err, saferunner.ErrEnded) {
		t.Errorf("of a call that the journal does not know: %v", err)
	}
}

// A call whose attempts come to nothing can be cancelled at any moment.
func TestCancelAtAnyMoment(t *testing.T) {
	for name, opts := range map[string][]saferunner.Option{
		"in memory":       nil,
		"another journal": {saferunner.WithJournal(rendered{saferunner.NewMemoryJournal(1000, 1<<20)})},
	} {
		r := quiet(t, opts...)
		fails := saferunner.Define("fails.task", func(context.Context, int) error { return errBroken },
			saferunner.Attempts(1000), saferunner.Backoff(1, 1))
		for range 50 {
			report, err := r.Run(t.Context(), "moment", fails.With(1).Async())
			if err != nil {
				t.Fatal(err)
			}
			for err = saferunner.ErrNoCancel; errors.Is(err, saferunner.ErrNoCancel); {
				err = r.Cancel(t.Context(), report.Outcomes()[0].EntryID)
			}
			if got := statuses(report); err == nil && got != "cancelled" || err != nil && got != "failed" {
				t.Errorf("%s: %s, Cancel returned %v", name, got, err)
			}
			if err := report.Wait(t.Context()); err == nil {
				t.Errorf("%s: Wait returned no error", name)
			}
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package saferunner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// hanging is a journal that does not answer where hangs says so: until it is
// released, or until ctx ends if it heeds that.
type hanging struct {
	journal.Journal
	hangs   func(method string, changes []journal.Change) bool
	heeds   bool
	release chan struct{}
}

func newHanging(heeds bool, hangs func(method string, changes []journal.Change) bool) *hanging {
	return &hanging{saferunner.NewMemoryJournal(1000, 1<<20), hangs, heeds, make(chan struct{})}
}

func (h *hanging) hang(ctx context.Context, method string, changes ...journal.Change) error {
	if !h.hangs(method, changes) {
		return nil
	}
	if !h.heeds {
		<-h.release
		return nil
	}
	select {
	case <-h.release:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *hanging) Write(ctx context.Context, changes ...journal.Change) error {
	if err := h.hang(ctx, "Write", changes...); err != nil {
		return err
	}
	return h.Journal.Write(context.WithoutCancel(ctx), changes...)
}

func (h *hanging) Claim(ctx context.Context, task, key, entryID string) (string, error) {
	if err := h.hang(ctx, "Claim"); err != nil {
		return "", err
	}
	return h.Journal.Claim(ctx, task, key, entryID)
}

func (h *hanging) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	if err := h.hang(ctx, "Query"); err != nil {
		return journal.Page{}, err
	}
	return h.Journal.Query(ctx, q)
}

// A Run is bounded by its ctx and a second, whatever its journal does.
func TestRunWhileTheJournalHangs(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		for _, method := range []string{"Write", "Claim", "Query"} {
			name := method + " is deaf"
			if heeds {
				name = method + " heeds its ctx"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { runWhileHanging(t, heeds, method) })
			})
		}
	}
}

func runWhileHanging(t *testing.T, heeds bool, hangs string) {
	var off bool
	h := newHanging(heeds, func(method string, _ []journal.Change) bool { return !off && method == hangs })
	r := quiet(t, saferunner.WithJournal(h))
	var did sync.Map
	task := saferunner.DefineResult("some.task", func(_ context.Context, s string) (string, error) {
		did.Store(s, true)
		return s, nil
	})
	for name, calls := range map[string][]saferunner.Call{
		"sync":          {task.With("sync 1"), task.With("sync 2"), task.With("sync 3")},
		"async":         {task.With("async 1").Async(), task.With("async 2").Async()},
		"keyed":         {task.With("keyed 1").Key("1"), task.With("keyed 2").Key("1")},
		"keyed async":   {task.With("keyed async").Key("2").Async()},
		"by turns":      {task.With("a").Async(), task.With("b"), task.With("c").Async().Key("3"), task.With("d").Key("4")},
		"best effort":   {task.With("e").Key("5").BestEffort(), task.With("f").Key("6").BestEffort(), task.With("g").BestEffort()},
		"recorded only": {task.With("recorded")},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if name == "recorded only" {
			ctx = saferunner.NewContext(ctx, newRunner(t, saferunner.WithJournal(h), saferunner.RecordOnly()))
		}
		start := time.Now()
		report, err := r.Run(ctx, "hangs", calls...)
		if took := time.Since(start); took > 2200*time.Millisecond {
			t.Errorf("%s: Run took %s with a ctx of a second", name, took)
		}
		if err == nil && hangs == "Claim" && strings.HasPrefix(name, "keyed") {
			t.Errorf("%s: a call whose key was not claimed has not failed: %s", name, statuses(report))
		}
		cancel()
	}
	synctest.Wait()
	for _, s := range []string{"sync 1", "sync 2"} {
		if _, executed := did.Load(s); executed && hangs == "Write" {
			t.Errorf("%q was executed after its ctx had ended", s)
		}
	}
	if _, executed := did.Load("keyed 1"); executed && hangs != "Query" {
		t.Error("a call was executed whose key was not claimed, or whose ctx had ended")
	}
	off = true
	close(h.release)
	synctest.Wait()
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// heeding is a journal that writes nothing once ctx has ended.
type heeding struct{ journal.Journal }

func (h heeding) Write(ctx context.Context, changes ...journal.Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return h.Journal.Write(ctx, changes...)
}

// The end of a call is written however long after the end of its caller's ctx it
// comes, and what follows is as well.
func TestEndLongAfterTheCallersCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.WithJournal(heeding{saferunner.NewMemoryJournal(1000, 1<<20)}))
		slow := saferunner.Define("slow.task", func(ctx context.Context, fails bool) error {
			time.Sleep(5 * time.Second)
			if fails {
				return ctx.Err()
			}
			return nil
		})
		for _, fails := range []bool{true, false} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			report, err := r.Run(ctx, "late", slow.With(fails).Key("k"), slow.With(false))
			cancel()
			if err == nil {
				t.Error("the second call has executed after ctx had ended")
			}
			want := []journal.Status{journal.StatusFailed, journal.StatusSkipped}
			if !fails {
				want[0] = journal.StatusDone
			}
			for i, o := range report.Outcomes() {
				page, err := r.Journal().Query(t.Context(), journal.Query{ID: o.EntryID})
				if err != nil || len(page.Entries) != 1 || page.Entries[0].Status != want[i] {
					t.Errorf("call %d, fails %t: the journal has %+v, want %s: %v", i, fails, page.Entries, want[i], err)
				}
			}
		}
		if n := r.JournalFailures(); n != 0 {
			t.Errorf("%d writes have failed", n)
		}
	})
}

// Whatever the journal does, Shutdown returns soon after its ctx has ended,
// every call has ended by then, and nothing goes on for ever.
func TestShutdownWhileTheJournalHangs(t *testing.T) {
	hadAnAttempt := func(changes []journal.Change) bool {
		for _, c := range changes {
			if e := c.Entry(); e.Status == journal.StatusQueued && len(e.Attempts) > 0 {
				return true
			}
		}
		return false
	}
	for name, tt := range map[string]struct {
		hangs func(changes []journal.Change) bool
		heeds bool
		after time.Duration // it goes on; 0: never
	}{
		"at the end of an attempt, for a while":       {hadAnAttempt, false, 200 * time.Millisecond},
		"at the end of an attempt, until ctx ends":    {hadAnAttempt, true, 0},
		"at the end of an attempt, for ever":          {hadAnAttempt, false, 0},
		"at every write after the first, for a while": {func(c []journal.Change) bool { return len(c) == 1 }, false, 200 * time.Millisecond},
		"at every write after the first, till ctx":    {func(c []journal.Change) bool { return len(c) == 1 }, true, 0},
		"at every write after the first, for ever":    {func(c []journal.Change) bool { return len(c) == 1 }, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { shutdownWhileHanging(t, tt.hangs, tt.heeds, tt.after) })
		})
	}
}

func shutdownWhileHanging(t *testing.T, hangs func([]journal.Change) bool, heeds bool, after time.Duration) {
	h := newHanging(heeds, func(method string, changes []journal.Change) bool { return method == "Write" && hangs(changes) })
	var failures atomic.Int32
	r := quiet(t, saferunner.WithJournal(h), saferunner.Concurrency(2), saferunner.OnFailure(func(ctx context.Context, e journal.Entry, err error) {
		if failures.Add(1); ctx.Value(ctxKey{}) != "of Run" {
			t.Errorf("OnFailure for %s, %v: its ctx does not have the values of Run's", e.Status, err)
		}
	}))
	fails := saferunner.Define("fails.task", func(context.Context, int) error { return errBroken },
		saferunner.Attempts(5), saferunner.Backoff(time.Hour, time.Hour))
	report, err := r.Run(context.WithValue(t.Context(), ctxKey{}, "of Run"), "stuck",
		fails.With(1).Async(), fails.With(2).Async(), fails.With(3).Async(), fails.With(4).After(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	if after > 0 {
		time.AfterFunc(after, func() { close(h.release) })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = r.Shutdown(ctx)
	if took := time.Since(start); took > 2050*time.Millisecond || err == nil {
		t.Errorf("Shutdown took %s, and returned %v", took, err)
	}
	for _, o := range report.Outcomes() {
		if !o.Status.Final() {
			t.Errorf("a call is %s after Shutdown", o.Status)
		}
	}
	waited, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if err := report.Wait(waited); errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait goes on: %v", err)
	}
	synctest.Wait()
	if n := failures.Load(); n != 4 {
		t.Errorf("OnFailure was called %d times for 4 calls", n)
	}
	again, cancelAgain := context.WithTimeout(t.Context(), time.Minute)
	defer cancelAgain()
	start = time.Now()
	_ = r.Shutdown(again) // what never returns is still waited for
	if took := time.Since(start); took > time.Minute+2*time.Second {
		t.Errorf("a second Shutdown took %s", took)
	}
	if after == 0 {
		close(h.release)
	}
	synctest.Wait()
	if after > 0 || heeds {
		h.hangs = func(string, []journal.Change) bool { return false }
		if got, want := statuses(report), statusesOf(t, r, "stuck"); after > 0 && got != want {
			t.Errorf("the report has %s, the journal %s", got, want)
		}
	}
}

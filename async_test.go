package saferunner_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestAfterAndAt(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		start := time.Now()
		var mu sync.Mutex
		at := map[string]time.Duration{}
		task := saferunner.Define("when.due", func(_ context.Context, name string) error {
			mu.Lock()
			defer mu.Unlock()
			at[name] = time.Since(start)
			return nil
		})
		_, err := saferunner.Run(rec.Context(), "when",
			task.With("after").After(time.Hour), task.With("at").At(start.Add(time.Minute)),
			task.With("past").At(start.Add(-time.Minute)), task.With("negative").After(-1), task.With("now").Async())
		if err != nil {
			t.Fatal(err)
		}
		_ = rec.Wait()
		want := map[string]time.Duration{"after": time.Hour, "at": time.Minute, "past": 0, "negative": 0, "now": 0}
		for name, d := range want {
			if got, ok := at[name]; !ok || got != d {
				t.Errorf("%s ran after %s (%v), want %s", name, got, ok, d)
			}
		}
	})
}

func TestAsyncKeepsValuesNotCancellation(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		ctx, cancel := context.WithCancel(context.WithValue(rec.Context(), ctxKey{}, "kept"))
		var value any
		var ended error
		task := saferunner.Define("detached.task", func(ctx context.Context, _ int) error {
			time.Sleep(time.Second)
			value, ended = ctx.Value(ctxKey{}), ctx.Err()
			return nil
		}, saferunner.Timeout(time.Minute))
		if _, err := saferunner.Run(ctx, "detached", task.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		cancel()
		_ = rec.Wait()
		if value != "kept" || ended != nil {
			t.Errorf("got value %v, ctx error %v", value, ended)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(3))
		var now, most atomic.Int32
		task := saferunner.Define("busy.task", func(context.Context, int) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		})
		var calls []saferunner.Call
		for i := range 10 {
			calls = append(calls, task.With(i).Async())
		}
		start := time.Now()
		report, err := r.Run(t.Context(), "busy", calls...)
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); err != nil || most.Load() != 3 || time.Since(start) != 4*time.Second {
			t.Errorf("%v; %d at once, in %s", err, most.Load(), time.Since(start))
		}
	})
}

func TestFullQueueMakesRunWaitUntilCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(1))
		release := make(chan struct{})
		task := saferunner.Define("blocked.task", func(context.Context, int) error { <-release; return nil })
		var full []saferunner.Call
		for i := range saferunner.InProcessCalls + 1 {
			full = append(full, task.With(i).Async())
		}
		if _, err := r.Run(t.Context(), "full", full...); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		report, err := r.Run(ctx, "too.much", task.With(1).Async(), task.With(2).Async())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		if statuses(report) != "failed failed" {
			t.Errorf("got %s", statuses(report))
		}
		close(release)
		if err := report.Wait(t.Context()); err != nil {
			t.Errorf("Wait of what was not queued: %v", err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTasksThatRunMoreNeverDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(2))
		var leaves atomic.Int32
		leaf := saferunner.Define("tree.leaf", func(context.Context, int) error { leaves.Add(1); return nil })
		node := saferunner.Define("tree.node", func(ctx context.Context, _ int) error {
			calls := make([]saferunner.Call, 11_000)
			for i := range calls {
				calls[i] = leaf.With(i).Async()
			}
			_, err := saferunner.Run(ctx, "tree.leaves", calls...)
			return err
		})
		report, err := r.Run(t.Context(), "tree", node.With(1).Async(), node.With(2).Async(), node.With(3).Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if err := r.Shutdown(t.Context()); err != nil || leaves.Load() != 33_000 {
			t.Errorf("%v, %d leaves", err, leaves.Load())
		}
	})
}

func TestWaitEndsWithItsCtx(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		task := saferunner.Define("effects.long", func(context.Context, int) error { time.Sleep(time.Hour); return nil })
		report, err := saferunner.Run(rec.Context(), "long", task.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := report.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		_ = rec.Wait()
	})
}

// A call that was queued while it was forced is recorded after all if its
// test has ended by the time that a worker gets to it.
func TestForceEndsForQueuedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t)
		e := newEffects()
		if _, err := r.Run(t.Context(), "outlives", e.note.With("x").After(time.Hour)); err != nil {
			t.Fatal(err)
		}
		saferunner.EndRules(r)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		e.wantDone(t)
		if got := statusesOf(t, r, "outlives"); got != "recorded" {
			t.Errorf("journal has %s", got)
		}
	})
}

// The journal may be read at any time, also of lists that are under way.
func TestJournalIsReadWhileListsRun(t *testing.T) {
	r := quiet(t)
	untyped := saferunner.Define("any.task", func(context.Context, any) error { return nil })
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := r.Calls(t.Context(), "busy"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	e := newEffects()
	for range 200 {
		if _, err := r.Run(t.Context(), "busy", e.double.With(1), untyped.With("x").Async(), untyped.With([]any{1.5}), e.double.With(2).Key("k")); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	wg.Wait()
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPerformIsDoneOnceByMany(t *testing.T) {
	rec := saferunnertest.New(t)
	var runs atomic.Int32
	task := saferunner.Define("counted.task", func(context.Context, int) error { runs.Add(1); return nil })
	for range 100 {
		if _, err := saferunner.Run(rec.Context(), "many", task.With(1)); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := rec.PerformAll(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if runs.Load() != 100 {
		t.Errorf("%d of 100 calls executed", runs.Load())
	}
}

func TestNestedSyncTaskOfAWorkerNeverDeadlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(1))
		e := newEffects()
		inner := saferunner.Define("inner.task", func(ctx context.Context, _ int) error {
			calls := make([]saferunner.Call, 10_001)
			for i := range calls {
				calls[i] = e.note.With("x").Async()
			}
			_, err := saferunner.Run(ctx, "leaves", append(calls, calls...)...)
			return err
		})
		outer := saferunner.Define("outer.task", func(ctx context.Context, _ int) error { return inner.Do(ctx, "inner", 1) })
		if _, err := r.Run(t.Context(), "outer", outer.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		if err := r.Shutdown(t.Context()); err != nil || len(e.did) != 20_002 {
			t.Errorf("%v, %d done", err, len(e.did))
		}
	})
}

func TestStubThatExitsWithinABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, e := saferunnertest.New(t), newEffects()
		rec.Force(e.note)
		saferunnertest.Stub(rec, e.double, func(int) (int, error) { runtime.Goexit(); return 0, nil })
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = saferunner.Run(rec.Context(), "exits", e.note.With("before").Async(), e.double.With(1).Async(), e.note.With("after").Async())
		}()
		<-done
		_ = rec.Wait()
		e.wantDone(t, "before")
	})
}

func TestCtxThatEndsWithinAList(t *testing.T) {
	rec, e := forced(t), newEffects()
	ctx, cancel := context.WithCancelCause(rec.Context())
	cancels := saferunner.Define("cancels.task", func(context.Context, int) error { cancel(errBroken); return nil })
	report, err := saferunner.Run(ctx, "ends", e.note.With("before"), cancels.With(1), e.note.With("sync"), e.note.With("async").Async())
	if !errors.Is(err, errBroken) || statuses(report) != "done done skipped skipped" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t, "before")
}

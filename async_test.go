package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

// inBubble runs fn with a recorder that lets everything through, on fake time.
func inBubble(t *testing.T, fn func(t *testing.T, rec *saferunnertest.Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, forced(t)) })
}

// quiet is a runner that executes, without a log.
func quiet(t *testing.T, opts ...saferunner.Option) *saferunner.Runner {
	t.Helper()
	r, err := saferunner.NewForcedRunner(append(opts, saferunner.WithLogger(slog.New(slog.DiscardHandler)))...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type flaky struct {
	failures int32
	at       []time.Time
	task     *saferunner.Task[string]
}

func newFlaky(failures int32, opts ...saferunner.TaskOption) *flaky {
	f := &flaky{failures: failures}
	f.task = saferunner.Define("flaky.task", func(context.Context, string) error {
		f.at = append(f.at, time.Now())
		if len(f.at) <= int(f.failures) {
			return fmt.Errorf("failure %d", len(f.at))
		}
		return nil
	}, opts...)
	return f
}

func TestRetryBacksOff(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		f := newFlaky(3, saferunner.Attempts(5), saferunner.Backoff(time.Second, 3*time.Second))
		start := time.Now()
		report, err := saferunner.Run(rec.Context(), "flaky", f.task.With("x").Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); err != nil {
			t.Fatal(err)
		}
		var after []time.Duration
		for _, at := range f.at {
			after = append(after, at.Sub(start))
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("attempts after %v, want %v", after, want)
		}
		entry := rec.Calls("flaky")[0]
		if entry.Status != journal.StatusDone || len(entry.Attempts) != 4 || entry.Attempts[2].Error != "failure 3" || entry.Attempts[3].Error != "" {
			t.Errorf("journal has %+v", entry)
		}
	})
}

func TestRetryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed []string
		r := quiet(t, saferunner.OnFailure(func(_ context.Context, e journal.Entry, err error) {
			failed = append(failed, string(e.Status)+": "+err.Error())
		}))
		f := newFlaky(9, saferunner.Attempts(3))
		report, err := r.Run(t.Context(), "flaky", f.task.With("x").Async())
		if err != nil {
			t.Fatal(err)
		}
		err = report.Wait(t.Context())
		call, ok := errors.AsType[*saferunner.CallError](err)
		if !ok || call.Attempt != 3 || call.Err.Error() != "failure 3" {
			t.Errorf("got %v", err)
		}
		if err := r.Shutdown(t.Context()); err != nil { // which waits for OnFailure
			t.Error(err)
		}
		if want := `failed: saferunner: run "flaky", call 1, flaky.task, attempt 3: failure 3`; len(failed) != 1 || failed[0] != want {
			t.Errorf("OnFailure was told %q, want %q", failed, want)
		}
	})
}

func TestNothingIsRetriedByDefault(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		if _, err := saferunner.Run(rec.Context(), "once", e.fail.With("x").Async()); err != nil {
			t.Fatal(err)
		}
		_ = rec.Wait()
		time.Sleep(time.Hour)
		e.wantDone(t, "x")
	})
}

func TestPermanentAndLater(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		start, runs := time.Now(), 0
		task := saferunner.Define("not.now", func(ctx context.Context, _ int) error {
			info, _ := saferunner.Current(ctx)
			switch runs++; runs {
			case 1:
				return saferunner.Later(time.Minute)
			case 2:
				if info.Attempt != 1 || time.Since(start) != time.Minute {
					t.Errorf("attempt %d after %s", info.Attempt, time.Since(start))
				}
				return saferunner.Permanent(errBroken)
			}
			return nil
		}, saferunner.Attempts(9))
		report, err := saferunner.Run(rec.Context(), "not.now", task.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); !errors.Is(err, errBroken) || runs != 2 {
			t.Errorf("got %v after %d runs", err, runs)
		}
	})
}

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

type ctxKey struct{}

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

func TestAsyncPanicAndGoexit(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		exits := saferunner.Define("effects.exit", func(context.Context, int) error { runtime.Goexit(); return nil })
		report, err := saferunner.Run(rec.Context(), "bad",
			e.panics.With("x").Async(), exits.With(1).Async(), e.note.With("fine").Async())
		if err != nil {
			t.Fatal(err)
		}
		err = report.Wait(rec.Context())
		if !errors.Is(err, saferunner.ErrPanic) || !errors.Is(err, saferunner.ErrGoexit) {
			t.Errorf("got %v", err)
		}
		e.wantDone(t, "fine")
	})
}

func TestGoexitIsRetried(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		runs := 0
		task := saferunner.Define("exit.once", func(context.Context, int) error {
			if runs++; runs == 1 {
				runtime.Goexit()
			}
			return nil
		}, saferunner.Attempts(2))
		report, err := saferunner.Run(rec.Context(), "exit", task.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); err != nil || runs != 2 {
			t.Errorf("got %v after %d runs", err, runs)
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

func TestShutdownDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(1))
		e := newEffects()
		slow := saferunner.Define("effects.slow", func(ctx context.Context, s string) error {
			time.Sleep(time.Second)
			_, err := saferunner.Run(ctx, "inner", e.note.With("inner "+s))
			return err
		})
		if _, err := r.Run(t.Context(), "drain", slow.With("a").Async(), slow.With("b").Async()); err != nil {
			t.Fatal(err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		e.wantDone(t, "inner a", "inner b")
		if _, err := r.Run(t.Context(), "late", e.note.With("late")); !errors.Is(err, saferunner.ErrShutdown) {
			t.Errorf("got %v", err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Errorf("a second Shutdown returned %v", err)
		}
	})
}

func TestShutdownCancelsWhatIsNotDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t)
		e := newEffects()
		f := newFlaky(9, saferunner.Attempts(9), saferunner.Backoff(time.Hour, time.Hour))
		report, err := r.Run(t.Context(), "later", e.note.With("x").After(time.Hour), f.task.With("y").Async())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		err = r.Shutdown(t.Context())
		if !errors.Is(err, saferunner.ErrShutdown) || strings.Count(err.Error(), "\n") != 1 {
			t.Errorf("got %v", err)
		}
		if err := report.Wait(t.Context()); !errors.Is(err, saferunner.ErrShutdown) {
			t.Errorf("Wait returned %v", err)
		}
		entries, err := r.Calls(t.Context(), "later")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Status != journal.StatusCancelled || entry.ErrorText() != saferunner.ErrShutdown.Error() {
				t.Errorf("%s: %s, %q", entry.Task, entry.Status, entry.ErrorText())
			}
		}
		e.wantDone(t)
	})
}

func TestShutdownGivesUpWhenItsCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(2))
		release := make(chan struct{})
		var cause error
		deaf := saferunner.Define("effects.deaf", func(context.Context, int) error { <-release; return nil })
		heeds := saferunner.Define("effects.heeds", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		})
		report, err := r.Run(t.Context(), "stuck", deaf.With(1).Async(), heeds.With(2).Async(), deaf.With(3).Async())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = r.Shutdown(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, saferunner.ErrShutdown) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		if !errors.Is(cause, engine.ErrStopping) {
			t.Errorf("the task was cancelled with %v", cause)
		}
		if got, want := statusesOf(t, r, "stuck"), "interrupted interrupted cancelled"; got != want {
			t.Errorf("journal has %s, want %s", got, want)
		}
		close(release)
		synctest.Wait()
		if got, want := statusesOf(t, r, "stuck"), "done interrupted cancelled"; got != want {
			t.Errorf("in the end the journal has %s, want %s", got, want)
		}
		if err := report.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait returned %v", err)
		}
	})
}

func statusesOf(t *testing.T, r *saferunner.Runner, runID string) string {
	t.Helper()
	entries, err := r.Calls(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Status))
	}
	return strings.Join(all, " ")
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

// Rules end before the forced calls of a test are drained: what is run
// meanwhile by code that outlives the test is recorded.
func TestNothingNewExecutesWhileTheTestEnds(t *testing.T) {
	e := newEffects()
	var late *saferunner.Report
	t.Run("ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			rec := saferunnertest.New(t)
			ctx := context.WithoutCancel(rec.Context())
			slow := saferunner.Define("slow.task", func(context.Context, int) error {
				time.Sleep(2 * time.Second)
				return e.write(ctx, "drained")
			})
			rec.ForceAll()
			if _, err := saferunner.Run(ctx, "slow", slow.With(1).Async()); err != nil {
				t.Fatal(err)
			}
			go func() {
				time.Sleep(time.Second)
				late, _ = saferunner.Run(ctx, "late", e.note.With("late"), e.note.With("late").Async())
			}()
		})
	})
	if statuses(late) != "recorded recorded" {
		t.Errorf("got %s", statuses(late))
	}
	e.wantDone(t, "drained")
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

func TestOnFailureMayPanicExitAndRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEffects()
		var n atomic.Int32
		var r *saferunner.Runner
		r = quiet(t, saferunner.Concurrency(1), saferunner.OnFailure(func(ctx context.Context, _ journal.Entry, _ error) {
			switch n.Add(1) {
			case 1:
				panic("in OnFailure")
			case 2:
				runtime.Goexit()
			default:
				if _, err := r.Run(ctx, "alarm", e.note.With("alarm")); err != nil {
					t.Error(err)
				}
			}
		}))
		report, err := r.Run(t.Context(), "fails", e.fail.With("1").Async(), e.fail.With("2").Async(), e.fail.With("3").Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		e.wantDone(t, "1", "2", "3", "alarm")
	})
}

type panickingUnwrap struct{}

func (panickingUnwrap) Error() string { return "bad error" }
func (panickingUnwrap) Unwrap() error { panic("in Unwrap") }

func TestErrorWhoseUnwrapPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		task := saferunner.Define("bad.error", func(context.Context, int) error { return panickingUnwrap{} })
		if _, err := saferunner.Run(rec.Context(), "bad", task.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		_ = rec.Wait()
		if entry := rec.Calls("bad")[0]; entry.Status != journal.StatusFailed || entry.ErrorText() != "bad error" {
			t.Errorf("got %+v", entry)
		}
	})
}

func TestShutdownOfAnIdleRunnerNeedsNoTime(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		r, e := quiet(t), newEffects()
		report, err := r.Run(t.Context(), "idle", e.note.With("x").Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := quiet(t).Shutdown(ended); err != nil {
			t.Fatal(err)
		}
	}
}

// All that Shutdown gives up on is in its error, and in the journal by then.
func TestShutdownLosesNothingSilently(t *testing.T) {
	for round := range 50 {
		r := quiet(t, saferunner.Concurrency(3))
		task := saferunner.Define("lost.task", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}, saferunner.Attempts(3), saferunner.Backoff(time.Millisecond, time.Hour))
		var calls []saferunner.Call
		for i := range 100 {
			call := task.With(i).Async()
			if i%3 == 0 {
				call = task.With(i).After(time.Duration(i) * time.Microsecond)
			}
			calls = append(calls, call)
		}
		if _, err := r.Run(t.Context(), "lost", calls...); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round%5)*20*time.Microsecond)
		err := r.Shutdown(ctx)
		cancel()
		told := 0
		if err != nil {
			told = strings.Count(err.Error(), "call ")
		}
		entries, queryErr := r.Calls(t.Context(), "lost")
		if queryErr != nil {
			t.Fatal(queryErr)
		}
		for _, entry := range entries {
			if !entry.Status.Final() {
				t.Errorf("round %d: an entry is %s after Shutdown", round, entry.Status)
			}
		}
		if told < 97 { // all but those that were executing may have ended by themselves
			t.Errorf("round %d: %d of 100 calls are in the error", round, told)
		}
	}
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

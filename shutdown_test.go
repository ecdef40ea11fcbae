package saferunner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

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
		for _, call := range []string{"call 1, effects.deaf", "call 2, effects.heeds", "call 3, effects.deaf"} {
			if !strings.Contains(err.Error(), call) {
				t.Errorf("the error does not name %s: %v", call, err)
			}
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

// A task that is drained may run more; what it runs for a later time is
// cancelled, as all that waits for a time.
func TestShutdownCancelsWhatADrainedTaskRunsForLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := quiet(t), newEffects()
		var inner *saferunner.Report
		outer := saferunner.Define("outer.task", func(ctx context.Context, _ int) (err error) {
			time.Sleep(time.Second)
			inner, err = saferunner.Run(ctx, "inner", e.note.With("now").Async(), e.note.With("later").After(time.Hour))
			return err
		})
		if _, err := r.Run(t.Context(), "outer", outer.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		start := time.Now()
		if err := r.Shutdown(t.Context()); !errors.Is(err, saferunner.ErrShutdown) || time.Since(start) != time.Second {
			t.Errorf("Shutdown took %s, and returned %v", time.Since(start), err)
		}
		if got := statuses(inner); got != "done cancelled" {
			t.Errorf("got %s", got)
		}
		e.wantDone(t, "now")
	})
}

// Shutdown ends the runner that Run would use with its ctx, and no other.
func TestShutdownOfTheOwner(t *testing.T) {
	e := newEffects()
	mine := newRunner(t)
	rec := saferunnertest.New(t)
	fallback := newRunner(t)
	saferunner.SetDefault(fallback)
	defer saferunner.SetDefault(nil)
	for name, tt := range map[string]struct {
		ctx   context.Context
		ended *saferunner.Runner
	}{
		"a recorder in ctx":                 {rec.Context(), rec.Runner()},
		"a runner in ctx":                   {saferunner.NewContext(t.Context(), mine), mine},
		"a runner in the ctx of a recorder": {saferunner.NewContext(saferunnertest.New(t).Context(), fallback), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := saferunner.Shutdown(tt.ctx); err != nil {
				t.Error(err)
			}
			if _, err := saferunner.Run(tt.ctx, "late", e.note.With("x")); !errors.Is(err, saferunner.ErrShutdown) {
				t.Errorf("Run on the same ctx: %v", err)
			}
			if tt.ended != nil {
				if _, err := tt.ended.Run(t.Context(), "late", e.note.With("x")); !errors.Is(err, saferunner.ErrShutdown) {
					t.Errorf("Run on the runner: %v", err)
				}
			}
			if _, err := saferunner.Run(t.Context(), "goes.on", e.note.With("x")); err != nil {
				t.Errorf("Default: %v", err)
			}
		})
	}
	if err := saferunner.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := saferunner.Run(t.Context(), "late", e.note.With("x")); !errors.Is(err, saferunner.ErrShutdown) {
		t.Errorf("after Shutdown of Default: %v", err)
	}
}

// The method ends its receiver, whatever ctx carries.
func TestShutdownOfTheReceiver(t *testing.T) {
	e, r, rec := newEffects(), newRunner(t), saferunnertest.New(t)
	if err := r.Shutdown(rec.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.Run(t.Context(), "late", e.note.With("x")); !errors.Is(err, saferunner.ErrShutdown) {
		t.Errorf("got %v", err)
	}
	if _, err := saferunner.Run(rec.Context(), "goes.on", e.note.With("x")); err != nil {
		t.Error(err)
	}
}

// Inside a task of the same runner Shutdown would wait for itself.
func TestShutdownInsideATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, other := quiet(t), newRunner(t)
		var function, method, others error
		task := saferunner.Define("ends.all", func(ctx context.Context, _ int) error {
			function, method, others = saferunner.Shutdown(ctx), r.Shutdown(ctx), other.Shutdown(ctx)
			return nil
		})
		for _, call := range []saferunner.Call{task.With(1), task.With(2).Async()} {
			report, err := r.Run(t.Context(), "inside", call)
			if err := errors.Join(err, report.Wait(t.Context())); err != nil {
				t.Fatal(err)
			}
			for _, err := range []error{function, method} {
				if err == nil || !strings.Contains(err.Error(), "ends.all") {
					t.Errorf("got %v", err)
				}
			}
			if others != nil {
				t.Errorf("of another runner: %v", others)
			}
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

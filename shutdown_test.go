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

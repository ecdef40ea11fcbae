package saferunner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// What a task has begun in a goroutine of its own is waited for, also where it
// takes longer than the task.
func TestShutdownWaitsForWhatTasksRunBeside(t *testing.T) {
	for name, call := range map[string]func(saferunner.Call) saferunner.Call{
		"sync":  func(c saferunner.Call) saferunner.Call { return c },
		"async": saferunner.Call.Async,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := quiet(t)
				ended := false
				inner := saferunner.Define("beside.inner", func(context.Context, int) error {
					time.Sleep(2 * time.Second)
					ended = true
					return nil
				})
				outer := saferunner.Define("beside.outer", func(ctx context.Context, _ int) error {
					go func() {
						time.Sleep(300 * time.Millisecond)
						if _, err := r.Run(ctx, "inner", call(inner.With(1))); err != nil {
							t.Error(err)
						}
					}()
					time.Sleep(600 * time.Millisecond)
					return nil
				})
				if _, err := r.Run(t.Context(), "outer", outer.With(1).Async()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if err := r.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				if got := statusesOf(t, r, "inner"); !ended || got != "done" {
					t.Errorf("Shutdown returned while an inner call was %s", got)
				}
			})
		})
	}
}

// What a task has left behind is not run while its runner shuts down.
func TestShutdownRefusesWhatOutlivesItsTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := quiet(t), newEffects()
		var late error
		slow := saferunner.Define("drains.slow", func(context.Context, int) error { time.Sleep(time.Second); return nil })
		leaves := saferunner.Define("drains.leaves", func(ctx context.Context, _ int) error {
			go func() {
				time.Sleep(500 * time.Millisecond)
				_, late = r.Run(ctx, "late", e.note.With("late"))
			}()
			return nil
		})
		if _, err := r.Run(t.Context(), "drains", slow.With(1).Async(), leaves.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if !errors.Is(late, saferunner.ErrShutdown) {
			t.Errorf("a Run of a task that has ended: %v", late)
		}
	})
}

// A function of OnFailure that shuts its runner down would wait for itself.
func TestShutdownInsideOnFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r *saferunner.Runner
		var withItsCtx, withAnother error
		var took time.Duration
		r = quiet(t, saferunner.OnFailure(func(ctx context.Context, _ journal.Entry, _ error) {
			withItsCtx = r.Shutdown(ctx)
			start := time.Now()
			withAnother = r.Shutdown(context.Background())
			took = time.Since(start)
		}))
		if _, err := r.Run(t.Context(), "fails", newEffects().fail.With("x").Async()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if withItsCtx == nil || !strings.Contains(withItsCtx.Error(), "OnFailure") {
			t.Errorf("with its ctx: %v", withItsCtx)
		}
		if withAnother != nil || took > 62*time.Second {
			t.Errorf("with another ctx: %v after %s", withAnother, took)
		}
	})
}

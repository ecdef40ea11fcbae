package saferunner_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// keeper is a task that leaves a goroutine behind which goes on to use its
// ctx, as the background dial of an HTTP client does.
type keeper struct {
	readers sync.WaitGroup
	err     error
}

func (k *keeper) define(name string, opts ...saferunner.TaskOption) *saferunner.Task[int] {
	return saferunner.Define(name, func(ctx context.Context, _ int) error {
		k.readers.Go(func() {
			for range 500 {
				_ = ctx.Value(ctxKey{})
				_, _ = ctx.Deadline()
				_ = ctx.Err()
				_, _ = saferunner.Current(ctx)
				select {
				case <-ctx.Done():
				default:
				}
			}
		})
		return k.err
	}, opts...)
}

// A ctx does not change, so that what a task has started may use it for as
// long as it likes. The race detector sees if it does.
func TestCtxOfATaskDoesNotChange(t *testing.T) {
	for name, opts := range map[string][]saferunner.TaskOption{
		"plain":   nil,
		"timeout": {saferunner.Timeout(time.Second)},
		"retried": {saferunner.Timeout(time.Second), saferunner.Attempts(3), saferunner.Backoff(time.Nanosecond, time.Nanosecond)},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{}
			if name == "retried" {
				k.err = errBroken
			}
			task := k.define("keeps.ctx", opts...)
			r := quiet(t)
			for range 30 {
				if _, err := r.Run(t.Context(), "kept", task.With(1).Async(), task.With(2).BestEffort(), task.With(3).BestEffort(), task.With(4).Async()); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Shutdown(t.Context()); err != nil && k.err == nil {
				t.Error(err)
			}
			k.readers.Wait()
		})
	}
}

func TestCtxOfAPerformedTaskDoesNotChange(t *testing.T) {
	k := &keeper{}
	task := k.define("keeps.ctx", saferunner.Timeout(time.Second))
	rec := saferunnertest.New(t)
	for range 30 {
		if _, err := saferunner.Run(rec.Context(), "kept", task.With(1), task.With(2).Async()); err != nil {
			t.Fatal(err)
		}
	}
	if err := rec.PerformAll(); err != nil {
		t.Error(err)
	}
	k.readers.Wait()
}

// What a task runs with the ctx that it has left behind belongs to the same
// recorder.
func TestCtxOfATaskServesAfterIt(t *testing.T) {
	rec := saferunnertest.New(t)
	e := newEffects()
	var kept context.Context
	task := saferunner.Define("keeps.ctx", func(ctx context.Context, _ int) error {
		kept = ctx
		return nil
	})
	rec.Force(task)
	if err := task.Do(rec.Context(), "kept", 1); err != nil {
		t.Fatal(err)
	}
	if err := e.note.Do(kept, "later", "x"); err != nil {
		t.Fatal(err)
	}
	rec.Assert("later", e.note.With("x"))
}

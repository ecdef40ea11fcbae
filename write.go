package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/saferunner/saferunner/internal/pool"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// grace is how much longer than its caller's ctx the journal gets.
const grace = time.Second

// write tells the journal that the calls from..to of a run have changed. The
// in-memory one sees that by itself, but for their size. A failure is logged, with the first call,
// and counted; it does not change what became of the calls.
func (r *Runner) write(ctx context.Context, run *record.Run, from, to int) {
	if r.memory != nil {
		r.memory.Grew(run)
		return
	}
	changes := make([]journal.Change, 0, to-from)
	for i := from; i < to; i++ {
		changes = append(changes, journal.Of(run, i))
	}
	r.writeChanges(ctx, run.RunID, run.Task(from).Spec.Name, changes...)
}

func (r *Runner) writeChanges(ctx context.Context, runID, task string, changes ...journal.Change) {
	err := withGrace(ctx, func(ctx context.Context) error { return r.journal.Write(ctx, changes...) })
	if err != nil {
		r.journalFailures.Add(1)
		r.log().LogAttrs(ctx, slog.LevelError, "saferunner: journal failed", slog.Int("changes", len(changes)),
			slog.String("run_id", runID), slog.String("task", task), slog.String("entry", changes[0].ID()), slog.Any("error", err))
	}
}

var errNoAnswer = errors.New("the journal did not answer within a second after the ctx of its caller had ended")

// withGrace calls fn with a ctx that ends a second after ctx, and returns
// soon after that even if fn does not.
func withGrace(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Done() == nil {
		return fn(ctx)
	}
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
	})
	defer stop()
	done := make(chan error, 1)
	go func() { done <- fn(longer) }()
	select {
	case err := <-done:
		return err
	case <-longer.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(grace / 10): // for one that heeds its ctx
		return fmt.Errorf("%w: %w", errNoAnswer, context.Cause(ctx))
	}
}

// Journal returns the journal that the runner writes to.
func (r *Runner) Journal() journal.Journal { return r.journal }

// JournalFailures returns how many writes the journal has failed. The calls
// went on; each failure was logged.
func (r *Runner) JournalFailures() uint64 { return r.journalFailures.Load() }

// side is what a runner does beside its calls: what nobody may have to wait
// for longer than they want to.
type side struct {
	late     *pool.Pool // writes of Shutdown, one after the other
	failures *pool.Pool // calls of OnFailure
}

const failuresAtOnce = 16

func (r *Runner) sides() side {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.side.late == nil {
		r.side = side{pool.New(1), pool.New(failuresAtOnce)}
	}
	return r.side
}

// wait waits for both until ctx ends.
func (s side) wait(ctx context.Context) error {
	if s.late == nil {
		return nil
	}
	return errors.Join(s.late.Wait(ctx), s.failures.Wait(ctx))
}

// aside calls fn after what was put aside before. With the in-memory journal
// there is nothing that it could have to wait for.
func (r *Runner) aside(fn func()) {
	if r.memory != nil {
		fn()
		return
	}
	r.sides().late.Submit(single(fn))
}

// single is a list of one function for a pool.
type single func()

func (single) Len() int { return 1 }
func (f single) Do(int) { f() }

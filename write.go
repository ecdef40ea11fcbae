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
	_, err := withGrace(ctx, func(ctx context.Context) (any, error) { return nil, r.journal.Write(ctx, changes...) })
	if err != nil {
		r.journalFailures.Add(1)
		r.log().LogAttrs(ctx, slog.LevelError, "saferunner: journal failed", slog.Int("changes", len(changes)),
			slog.String("run_id", runID), slog.String("task", task), slog.String("entry", changes[0].ID()), slog.Any("error", err))
	}
}

var errNoAnswer = errors.New("the journal did not answer within a second after the ctx of its caller had ended")

// withGrace calls fn with a ctx that ends a second after ctx, and returns
// soon after that even if fn does not.
func withGrace[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	longer, isOne := ctx.(*graceContext)
	if !isOne {
		if ctx.Done() == nil {
			return fn(ctx)
		}
		longer = newGrace(ctx, grace)
		defer longer.end()
	}
	v, err := within(longer, grace/10, fn)
	if errors.Is(err, errNotReturned) {
		err = fmt.Errorf("%w: %w", errNoAnswer, context.Cause(longer))
	}
	return v, err
}

// graceContext outlasts another ctx by some time. withGrace adds no time to
// it.
type graceContext struct {
	context.Context
	end func()
}

// newGrace returns a ctx that ends d after ctx. It is to be ended.
func newGrace(ctx context.Context, d time.Duration) *graceContext {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(d, func() { cancel(context.Cause(ctx)) })
	})
	return &graceContext{longer, func() {
		stop()
		cancel(nil)
	}}
}

var (
	errNotReturned = errors.New("it has not returned")
	errExited      = errors.New("it called runtime.Goexit instead of returning")
)

// within calls fn and returns what it returns. If it has not returned a while
// after ctx has ended, within returns errNotReturned. The while is for a
// function that heeds its ctx.
func within[T any](ctx context.Context, while time.Duration, fn func(context.Context) (T, error)) (T, error) {
	type answer struct {
		v   T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		a := answer{err: errExited}
		defer func() { done <- a }()
		a.v, a.err = fn(ctx)
	}()
	select {
	case a := <-done:
		return a.v, a.err
	case <-ctx.Done():
	}
	select {
	case a := <-done:
		return a.v, a.err
	case <-time.After(while):
		return answer{}.v, errNotReturned
	}
}

// Journal returns the journal that the runner writes to, nil for a nil or zero
// Runner. It looks at no ctx.
func (r *Runner) Journal() journal.Journal {
	if !r.made() {
		return nil
	}
	return r.journal
}

// JournalFailures returns how many writes to the journal have failed so far. Each
// failure was logged, and changed nothing about the calls. It is safe for
// concurrent use.
func (r *Runner) JournalFailures() uint64 {
	if !r.made() {
		return 0
	}
	return r.journalFailures.Load()
}

// side holds what a runner does beside its calls, so that no call waits for it.
// The lock of the runner guards the two pools.
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
	var errs []error
	if err := s.late.Wait(ctx); err != nil {
		errs = append(errs, fmt.Errorf("the journal has not taken all that was given up: %w", err))
	}
	if err := s.failures.Wait(ctx); err != nil {
		errs = append(errs, fmt.Errorf("OnFailure has not returned: %w", err))
	}
	return errors.Join(errs...)
}

// lateLimit is how long the journal may take for a write of Shutdown.
const lateLimit = time.Minute

// aside calls fn after what was put aside before, with the values of ctx. With
// the in-memory journal there is nothing that it could have to wait for.
func (r *Runner) aside(ctx context.Context, fn func(context.Context)) {
	ctx = context.WithoutCancel(ctx)
	if r.memory != nil {
		fn(ctx)
		return
	}
	r.sides().late.Submit(single(func() {
		ctx, cancel := context.WithTimeout(ctx, lateLimit)
		defer cancel()
		fn(ctx)
	}))
}

// single is a list of one function for a pool.
type single func()

func (single) Len() int { return 1 }
func (f single) Do(int) { f() }

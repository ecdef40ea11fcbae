package saferunner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/saferunner/saferunner/internal/gate"
)

// Shutdown is [Runner.Shutdown] of the runner that Run would use with ctx: the
// one in ctx, else [Default]. Every main ends with it.
func Shutdown(ctx context.Context) error {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.Shutdown(ctx)
}

// Shutdown lets what is under way end: Runs, and async calls that are queued
// or executing. From then on Run returns [ErrShutdown], except from inside
// the tasks that are being drained. Calls that wait for a later time, or for
// their next attempt, are cancelled. When ctx ends, what still executes has
// its ctx cancelled, with the cause [engine.ErrStopping], and what is queued is
// cancelled as well; Shutdown then returns within two seconds, whatever tasks
// and journal do. All that
// could not run is in the journal with its reason, and in the error, joined.
//
// A durable engine takes no further jobs and lets those that execute end;
// what is queued stays queued, for the next process.
//
// Shutdown may be called again, to wait on for what did not heed its ctx.
// Inside a task of the same runner, which it would wait for, it is an error
// at once. The journal is left open: who opened it closes it.
func (r *Runner) Shutdown(ctx context.Context) error {
	switch s := scopeOf(ctx); {
	case r == nil || r.journal == nil:
		return errNilRunner("Shutdown")
	case ctx == nil:
		return errors.New("saferunner: Shutdown with a nil ctx; nothing was done")
	case s.inTask() && s.by == r:
		return fmt.Errorf("saferunner: Shutdown inside task %s, which it would wait for; nothing was done; call it from main", s.run.Task(s.call).Spec.Name)
	}
	err := r.life.drain(ctx)
	if p := r.retirePool(); p != nil {
		err = errors.Join(err, p.Stop(ctx))
	}
	err = errors.Join(err, r.external.stop(ctx))
	r.life.close()
	r.mu.Lock()
	side := r.side
	r.mu.Unlock()
	err = errors.Join(err, withGrace(ctx, side.wait))
	if !gate.Testing() { // there Main reports
		reportUnknownForced()
	}
	if err != nil {
		err = fmt.Errorf("saferunner: Shutdown: %w", err)
	}
	return errors.Join(err, r.lost.take())
}

var reportUnknownForced = sync.OnceFunc(func() {
	for _, name := range unknownForced() {
		fmt.Fprintf(os.Stderr, "saferunner: %s names %q, but no task has that name\n", gate.ForceVariable, name)
	}
})

// unknownForced returns the forced names that no task has.
func unknownForced() []string {
	var unknown []string
	names, _ := gate.Forced()
	for _, name := range names {
		if _, ok := knownTasks.Load(name); !ok {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// errorList collects errors.
type errorList struct {
	mu   sync.Mutex
	errs []error
}

func (l *errorList) add(err error) {
	l.mu.Lock()
	l.errs = append(l.errs, err)
	l.mu.Unlock()
}

// take returns the errors, joined, and forgets them.
func (l *errorList) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.errs...)
	l.errs = nil
	return err
}

package saferunner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Shutdown is [Runner.Shutdown] of [Default]. Every main ends with it.
func Shutdown(ctx context.Context) error { return Default().Shutdown(ctx) }

// Shutdown lets what is under way end: Runs, and async calls that are queued
// or executing. From then on Run returns [ErrShutdown], except from inside
// the tasks that are being drained. Calls that wait for a later time, or for
// their next attempt, are cancelled. When ctx ends, what still executes has
// its ctx cancelled, and what is queued is cancelled as well. All that could
// not run is in the journal with its reason, and in the error, joined.
//
// A durable engine takes no further jobs and lets those that execute end;
// what is queued stays queued, for the next process.
//
// Shutdown may be called again, to wait on for what did not heed its ctx. It
// is not for use inside a task, which it would wait for. The journal is left
// open: who opened it closes it.
func (r *Runner) Shutdown(ctx context.Context) error {
	err := r.life.drain(ctx)
	if e := r.retireEngine(); e != nil {
		err = errors.Join(err, e.Stop(ctx))
	}
	err = errors.Join(err, r.external.stop(ctx))
	r.life.close()
	if !process().testing { // there Main reports
		reportUnknownForced()
	}
	if err != nil {
		err = fmt.Errorf("saferunner: Shutdown: %w", err)
	}
	return errors.Join(err, r.lost.take())
}

var reportUnknownForced = sync.OnceFunc(func() {
	for _, name := range process().unknownForced() {
		fmt.Fprintf(os.Stderr, "saferunner: %s names %q, but no task bears that name\n", forceVariable, name)
	}
})

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

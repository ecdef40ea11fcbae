package saferunner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/requestctx"
)

// Shutdown shuts down the runner that [Run] would use with ctx: the one in ctx,
// else [Default]. Call it at the end of every main. See [Runner.Shutdown].
func Shutdown(ctx context.Context) error {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.Shutdown(ctx)
}

// shutdownGrace is how long after its ctx Shutdown waits for engine, journal
// and OnFailure: a durable engine has time to put calls back into its queue.
func (r *Runner) shutdownGrace() time.Duration {
	if r.durable() != nil {
		return 6500 * time.Millisecond
	}
	return 1500 * time.Millisecond
}

// Shutdown ends the runner r, whatever runner ctx carries. It waits for the Runs
// that are under way, for async calls that are queued or executing, and for the
// functions of [OnFailure]. From its beginning Run returns [ErrShutdown], except
// inside the tasks that Shutdown waits for. Calls that wait for a later time, or
// for their next attempt, are cancelled.
//
// When ctx ends, queued calls are cancelled, and the ctx of executing calls is
// cancelled with the cause [engine.ErrStopping]. Shutdown then returns within two
// seconds, whatever tasks and journal do. Each call that was cancelled or
// interrupted is in the journal with its reason, and in the error, joined.
//
// A durable engine takes no further jobs, and lets executing ones end. What is
// queued stays queued for the next process. With such an engine Shutdown returns
// within seven seconds after ctx has ended.
//
// Shutdown may be called again, to wait for calls that ignored their ctx. With
// the ctx of a task of the same runner, or of a function of OnFailure, it returns
// an error at once, since it would wait for them. It does not close the journal.
// It is safe for concurrent use.
func (r *Runner) Shutdown(ctx context.Context) error {
	switch {
	case !r.made():
		return errNilRunner("Shutdown")
	case requestctx.IsNil(ctx):
		return errors.New("saferunner: Shutdown with a nil ctx; nothing was done")
	case ctx.Value(onFailureKey{}) == r:
		return errors.New("saferunner: Shutdown inside a function of OnFailure, which it would wait for; nothing was done; call it from main")
	}
	if s := scopeOf(ctx).taskOf(r); s != nil {
		return fmt.Errorf("saferunner: Shutdown inside task %s, which it would wait for; nothing was done; call it from main", s.run.Task(int(s.call)).Spec.Name)
	}
	last := newGrace(ctx, r.shutdownGrace())
	defer last.end()
	err := errors.Join(r.drain(ctx), r.external.stop(ctx, last))
	if r.life.close(); err == nil {
		err = r.drain(ctx) // what the last tasks have run
	}
	r.mu.Lock()
	side := r.side
	r.mu.Unlock()
	err = errors.Join(err, side.wait(last))
	if !gate.Testing() { // there Main reports
		reportUnknownForced()
	}
	if err != nil {
		err = fmt.Errorf("saferunner: Shutdown: %w", err)
	}
	return errors.Join(err, r.lost.take())
}

// drain waits for the Runs that are under way, and for what the in-process engine
// has.
func (r *Runner) drain(ctx context.Context) error {
	err := r.life.drain(ctx)
	if p := r.retirePool(); p != nil {
		err = errors.Join(err, p.Stop(ctx))
	}
	return err
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

// lifecycle counts the Runs of a runner that are under way, and ends them. It
// goes through three states: at first Runs may begin; while it drains, only
// those of tasks that are being drained and have not ended; when it is closed,
// none. While nobody shuts the runner down it costs two atomic additions a Run.
type lifecycle struct {
	state atomic.Int64 // Runs under way, and the flags

	mu   sync.Mutex
	idle chan struct{} // closed when nothing is under way; nil while nobody waits
}

const (
	draining = 1 << 40
	closed   = 1 << 41
	underWay = draining - 1
)

// enter lets a Run of r begin, under a ctx with this scope.
func (l *lifecycle) enter(s *scope, r *Runner) error {
	state := l.state.Add(1)
	if state < draining || state < closed && s.taskOf(r) != nil {
		return nil
	}
	l.leave()
	return ErrShutdown
}

func (l *lifecycle) leave() {
	if state := l.state.Add(-1); state >= draining && state&underWay == 0 {
		l.signal()
	}
}

func (l *lifecycle) signal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil && l.state.Load()&underWay == 0 {
		close(l.idle)
		l.idle = nil
	}
}

// ended reports whether Runs from outside may not begin any more.
func (l *lifecycle) ended() bool { return l.state.Load() >= draining }

// drain lets no more Runs begin from outside and waits for those under way,
// until ctx ends.
func (l *lifecycle) drain(ctx context.Context) error {
	l.mu.Lock()
	l.state.Or(draining)
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	l.signal()
	select {
	case <-idle: // also where ctx has ended
		return nil
	default:
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lifecycle) close() { l.state.Or(closed) }

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

package saferunner

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/internal/pool"
)

const (
	defaultConcurrency = 64
	queuePlaces        = 10_000
	schedulePlaces     = 100_000
)

// engine returns the in-process engine, made when it is first needed.
func (r *Runner) engine() *inProcess {
	r.engineMu.Lock()
	defer r.engineMu.Unlock()
	if r.inProcess == nil {
		n := r.concurrency
		if n == 0 {
			n = defaultConcurrency
		}
		r.inProcess = newInProcess(n, r.interrupt)
		r.inProcess.stopping = r.retired
		_ = r.inProcess.Start(context.Background(), nil, r.handle)
	}
	return r.inProcess
}

// startedEngine returns the in-process engine if there is one.
func (r *Runner) startedEngine() *inProcess {
	r.engineMu.Lock()
	defer r.engineMu.Unlock()
	return r.inProcess
}

// inProcess executes async calls on a bounded pool of goroutines. Calls that
// wait for their time are kept by timers, and calls that were delivered and
// not yet concluded in lists, for Stop.
type inProcess struct {
	pool      *pool.Pool
	base      context.Context // cancelled when Stop gives up
	cancel    context.CancelCauseFunc
	handler   engine.Handler
	interrupt func(context.Context, engine.Delivery)

	mu        sync.Mutex
	scheduled map[*deliveryList]*time.Timer
	reserved  int // places in scheduled that are about to be taken
	submitted map[*deliveryList]struct{}
	idle      chan struct{} // closed when nothing is scheduled or submitted; nil while nobody waits
	stopping  bool
}

var _ engine.Engine = (*inProcess)(nil)

func newInProcess(concurrency int, interrupt func(context.Context, engine.Delivery)) *inProcess {
	base, cancel := context.WithCancelCause(context.Background())
	return &inProcess{
		pool: pool.New(concurrency, queuePlaces), base: base, cancel: cancel, interrupt: interrupt,
		scheduled: map[*deliveryList]*time.Timer{}, submitted: map[*deliveryList]struct{}{},
	}
}

// Start sets the handler. Every task is delivered, named or not.
func (e *inProcess) Start(_ context.Context, _ []engine.TaskSpec, h engine.Handler) error {
	e.handler = h
	return nil
}

// retireEngine returns the in-process engine, to be stopped, nil if there is
// none: one that is made later takes nothing.
func (r *Runner) retireEngine() *inProcess {
	r.engineMu.Lock()
	defer r.engineMu.Unlock()
	r.retired = true
	return r.inProcess
}

// detached has the values of the caller's ctx and the cancellation of the
// engine.
type detached struct {
	context.Context // of the engine
	values          context.Context
}

func (d detached) Value(key any) any {
	if v := d.values.Value(key); v != nil {
		return v
	}
	return d.Context.Value(key)
}

// Submit queues the jobs that are due and sets timers for the others. It
// returns no tickets: nobody but the engine needs to name a job. Once Stop
// has been called it takes jobs only from the tasks that are being drained.
func (e *inProcess) Submit(ctx context.Context, b engine.Batch) ([]engine.Ticket, error) {
	now := time.Now()
	due := &deliveryList{engine: e, ctx: detached{e.base, context.WithoutCancel(ctx)}}
	var later []*deliveryList
	for _, j := range b.Jobs {
		d := engine.Delivery{Job: j, RunID: b.RunID, Run: b.Run, Attempt: 1, Last: j.Task.Retry.Attempts() == 1}
		if j.NotBefore.After(now) {
			later = append(later, due.with(d))
		} else {
			due.items = append(due.items, item{Delivery: d})
		}
	}
	if err := e.reserve(ctx, len(later)); err != nil {
		return nil, err
	}
	if err := e.submit(ctx, due); err != nil {
		e.unreserve(len(later))
		return nil, err
	}
	for _, l := range later {
		e.schedule(l, time.Until(l.items[0].NotBefore))
	}
	e.unreserve(len(later))
	return nil, nil
}

// submit puts a list into the pool. A task that submits does not wait: if
// all did, nobody would make room.
func (e *inProcess) submit(ctx context.Context, l *deliveryList) error {
	if len(l.items) == 0 {
		return nil
	}
	l.left = len(l.items)
	e.mu.Lock()
	e.submitted[l] = struct{}{}
	e.mu.Unlock()
	if fromWorker(ctx) {
		e.pool.SubmitNow(l)
		return nil
	}
	err := e.pool.Submit(ctx, l)
	if err != nil {
		e.mu.Lock()
		e.remove(l)
		e.mu.Unlock()
	}
	return err
}

// fromWorker reports whether ctx is that of a task on this engine, or of
// what such a task calls.
func fromWorker(ctx context.Context) bool {
	s := scopeOf(ctx)
	return s != nil && s.worker
}

// remove takes out a list of which nothing is left. e.mu is held.
func (e *inProcess) remove(l *deliveryList) {
	delete(e.submitted, l)
	e.signalIdle()
}

// signalIdle wakes those who wait for nothing to be left. e.mu is held.
func (e *inProcess) signalIdle() {
	if e.idle != nil && len(e.submitted) == 0 && len(e.scheduled) == 0 {
		close(e.idle)
		e.idle = nil
	}
}

// wait waits until every call has been concluded, scheduled ones included.
func (e *inProcess) wait(ctx context.Context) error {
	e.mu.Lock()
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	idle := e.idle
	e.signalIdle()
	e.mu.Unlock()
	if err := waitFor(ctx, idle); err != nil {
		return err
	}
	return e.pool.Wait(context.WithoutCancel(ctx)) // the workers are about to end
}

// waitFor waits until done is closed or ctx ends. What is done already does
// not look at ctx.
func waitFor(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Stop drains the pool and cancels what waits for a later time. When ctx
// ends it cancels what executes and what is queued.
func (e *inProcess) Stop(ctx context.Context) error {
	e.mu.Lock()
	e.stopping = true
	var later []*deliveryList
	for l, timer := range e.scheduled {
		timer.Stop() // if it has fired, fire finds nothing
		later = append(later, l)
		delete(e.scheduled, l)
	}
	e.signalIdle()
	e.mu.Unlock()
	for _, l := range later {
		e.abandon(l)
	}
	err := e.wait(ctx)
	if err == nil {
		return nil
	}
	e.cancel(ErrShutdown)
	e.mu.Lock()
	left := slices.Collect(maps.Keys(e.submitted))
	e.mu.Unlock()
	for _, l := range left {
		e.abandon(l)
	}
	return err
}

// abandon concludes the calls of a list that have not begun as cancelled,
// and those that have begun and not ended as interrupted.
func (e *inProcess) abandon(l *deliveryList) {
	cancelled, cancel := context.WithCancelCause(l.ctx)
	cancel(ErrShutdown)
	for i := range l.items {
		it := &l.items[i]
		if it.taken.CompareAndSwap(false, true) {
			_ = e.handler(cancelled, it.Delivery)
		} else {
			e.interrupt(cancelled, it.Delivery)
		}
	}
}

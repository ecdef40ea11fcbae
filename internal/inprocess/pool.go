// Package inprocess is the engine that executes async calls in the process
// that has run them, on a bounded number of goroutines.
package inprocess

import (
	"context"
	"sync"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/pool"
	"github.com/saferunner/saferunner/internal/record"
)

// The bounds of what has been submitted and has not ended.
const (
	MaxCalls = 100_000
	MaxBytes = 64 << 20
)

// Pool executes calls of runs. It takes a run and a range, and keeps what is
// left of it as a [Batch]. Safe for concurrent use.
//
// A call takes its place when it is submitted, and keeps it until it has
// ended for good: while it waits in the queue or, by a timer, for its time,
// while it executes, and while it waits for its next attempt. Stop makes the
// pool refuse what comes from outside, cancels what waits for a time, and
// lets the rest end; when its ctx ends it gives that up too.
type Pool struct {
	workers *pool.Pool
	base    context.Context // cancelled when Stop gives up
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	places   places
	batches  *Batch // the first one of which something is left
	stopping bool
	idle     chan struct{} // closed when there are no batches; nil while nobody waits
}

// New returns a Pool that executes at most concurrency calls at once.
func New(concurrency int) *Pool {
	p := &Pool{workers: pool.New(concurrency), places: places{maxCalls: MaxCalls, maxBytes: MaxBytes}}
	p.base, p.cancel = context.WithCancelCause(context.Background())
	return p
}

// Submit takes the calls of a new batch that are queued, all of them or none.
// It waits for their places until ctx ends. Calls that wait for a later time,
// and what a task runs, do not wait: if there is no place for them, Submit
// returns [engine.ErrFull]. After Stop it returns [engine.ErrStopping], but
// for what a task runs.
func (p *Pool) Submit(ctx context.Context, b *Batch, inTask bool) error {
	calls, bytes := b.begin(ctx, p)
	if calls == 0 {
		return nil
	}
	if err := p.add(ctx, b, inTask, calls, bytes); err != nil {
		return err
	}
	if calls > b.delayed {
		p.workers.SubmitIn(&b.node, b)
	}
	if b.delayed > 0 && p.stops() { // what a task runs for later is for nobody
		p.each(true, p.drop)
	}
	return nil
}

func (p *Pool) stops() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopping
}

// add takes the places of a batch, and takes it in.
func (p *Pool) add(ctx context.Context, b *Batch, inTask bool, calls int, bytes int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	waits := !inTask && b.delayed == 0
	switch {
	case p.stopping && !inTask:
		return engine.ErrStopping
	case (!waits || p.places.line.Len() == 0) && p.places.take(calls, bytes):
	case !waits:
		return engine.ErrFull
	default:
		if err := p.places.wait(ctx, &p.mu, calls, bytes); err != nil {
			return err
		}
		if p.stopping {
			p.places.give(calls, bytes)
			return engine.ErrStopping
		}
	}
	if b.next = p.batches; b.next != nil {
		b.next.prev = b
	}
	p.batches = b
	if b.delayed > 0 {
		b.startTimers()
	}
	return nil
}

// remove takes out a batch of which nothing is left. p.mu is held.
func (p *Pool) remove(b *Batch) {
	if b.prev == nil {
		p.batches = b.next
	} else {
		b.prev.next = b.next
	}
	if b.next != nil {
		b.next.prev = b.prev
	}
	b.prev, b.next = nil, nil
	if p.idle != nil {
		p.signalIdle()
	}
}

// Find returns the call with this entry ID, if it has not ended, and a ctx with
// the values of its Run's.
func (p *Pool) Find(id string) (ctx context.Context, r *record.Run, i int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for b := p.batches; b != nil; b = b.next {
		if i, ok := b.Run.Index(id); ok && b.has(i) {
			return b, b.Run, i, true
		}
	}
	return nil, nil, 0, false
}

// Forget takes out call i of r, which has been cancelled while it waited.
func (p *Pool) Forget(r *record.Run, i int) {
	p.mu.Lock()
	b := p.batches
	for b != nil && (b.Run != r || !b.has(i)) {
		b = b.next
	}
	if b != nil {
		b.stopTimer(i)
	}
	p.mu.Unlock()
	if b != nil {
		b.Finish(i)
	}
}

// Wait waits until every call has ended, those that wait for a time included,
// and returns the cause of ctx if that ends first.
func (p *Pool) Wait(ctx context.Context) error {
	p.mu.Lock()
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.signalIdle()
	p.mu.Unlock()
	select {
	case <-idle: // also where ctx has ended
	default:
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	_ = p.workers.Wait(last) // they are about to end, but for one of a call that was given up
	return nil
}

// signalIdle wakes those who wait for nothing to be left. p.mu is held.
func (p *Pool) signalIdle() {
	if p.idle != nil && p.batches == nil {
		close(p.idle)
		p.idle = nil
	}
}

// grace is how long tasks that heed their ctx have to end when Stop gives up.
const grace = 500 * time.Millisecond

// Stop cancels what waits for a time and lets the rest end. When ctx ends it
// cancels what is queued, ends the ctx of what executes, with the cause
// [engine.ErrStopping], gives up what has not ended half a second later, and
// returns the cause of ctx. It may be called again.
func (p *Pool) Stop(ctx context.Context) error {
	p.Retire()
	p.each(true, p.drop)
	err := p.Wait(ctx)
	if err == nil {
		return nil
	}
	p.cancel(engine.ErrStopping)
	p.each(false, p.drop)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if p.Wait(last) != nil {
		p.each(false, func(b *Batch, i int) { b.Tasks.Interrupt(i) })
	}
	return err
}

// drop cancels a call that is queued.
func (p *Pool) drop(b *Batch, i int) {
	if b.Tasks.Cancel(i) {
		b.Finish(i)
	}
}

// each calls do for all calls of what is left, or for those that wait for a
// time. None of them waits for a time any more.
func (p *Pool) each(waiting bool, do func(b *Batch, i int)) {
	type call struct {
		b *Batch
		i int
	}
	var calls []call
	p.mu.Lock()
	for b := p.batches; b != nil; b = b.next {
		for i := b.From; i < b.To; i++ {
			if timed := b.stopTimer(i); timed || !waiting {
				calls = append(calls, call{b, i})
			}
		}
	}
	p.mu.Unlock()
	for _, c := range calls {
		do(c.b, c.i)
	}
}

// Retire makes the pool refuse what comes from outside.
func (p *Pool) Retire() {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
}

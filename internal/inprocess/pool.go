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

// Runner is what the pool asks to execute a call.
type Runner interface {
	// Execute makes one attempt at call i of r, unless the call is not queued
	// any more. It tells end what the end of the attempt means, once, after it
	// has been written down, and however the task leaves.
	Execute(ctx context.Context, r *record.Run, i int, end Ender)

	// Cancel ends call i of r, if it is queued: it will not be executed. It
	// reports whether it has. ctx has the values of Run's.
	Cancel(ctx context.Context, r *record.Run, i int) bool

	// Interrupt gives call i of r up, if it executes.
	Interrupt(ctx context.Context, r *record.Run, i int)
}

// Ender is told how an attempt at a call has ended.
type Ender interface{ End(i int, e engine.Ending) }

// Pool executes calls of runs. It takes a run and a range, and keeps what is
// left of it as a [batch]. Safe for concurrent use.
//
// A call takes its place when it is submitted, and keeps it until it has
// ended for good: while it waits in the queue or, by a timer, for its time,
// while it executes, and while it waits for its next attempt. Stop makes the
// pool refuse what comes from outside, cancels what waits for a time, and
// lets the rest end; when its ctx ends it gives that up too.
type Pool struct {
	runner  Runner
	workers *pool.Pool
	places  places
	base    context.Context // cancelled when Stop gives up
	cancel  context.CancelCauseFunc

	mu       sync.Mutex
	batches  map[*batch]struct{} // of which something is left
	stopping bool
	idle     chan struct{} // closed when there are no batches; nil while nobody waits
}

// New returns a Pool that executes at most concurrency calls at once.
func New(concurrency int, r Runner) *Pool {
	p := &Pool{runner: r, workers: pool.New(concurrency), batches: map[*batch]struct{}{}}
	p.places = places{maxCalls: MaxCalls, maxBytes: MaxBytes}
	p.base, p.cancel = context.WithCancelCause(context.Background())
	return p
}

// Submit takes the calls from..to of r that are queued, all of them or none.
// It waits for their places until ctx ends. Calls that wait for a later time,
// and what a task runs, do not wait: if there is no place for them, Submit
// returns [engine.ErrFull]. After Stop it returns [engine.ErrStopping], but
// for what a task runs.
func (p *Pool) Submit(ctx context.Context, r *record.Run, from, to int, inTask bool) error {
	b := p.newBatch(ctx, r, from, to)
	if b.left == 0 {
		return nil
	}
	if err := p.refuses(inTask); err != nil {
		return err
	}
	calls, bytes := b.left, b.bytes()
	if inTask || b.delayed > 0 {
		if !p.places.try(calls, bytes) {
			return engine.ErrFull
		}
	} else if err := p.places.wait(ctx, calls, bytes); err != nil {
		return err
	}
	p.mu.Lock()
	if p.stopping && !inTask {
		p.mu.Unlock()
		p.places.give(calls, bytes)
		return engine.ErrStopping
	}
	p.batches[b] = struct{}{}
	b.startTimers()
	stopping := p.stopping
	p.mu.Unlock()
	if calls > b.delayed {
		p.workers.Submit(b)
	}
	if stopping { // what a task runs for later is for nobody
		p.each(true, p.drop)
	}
	return nil
}

func (p *Pool) refuses(inTask bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping && !inTask {
		return engine.ErrStopping
	}
	return nil
}

// Find returns the call with this entry ID, if it has not ended, and a ctx with
// the values of its Run's.
func (p *Pool) Find(id string) (ctx context.Context, r *record.Run, i int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for b := range p.batches {
		if i, ok := b.run.Index(id); ok && b.has(i) {
			return b, b.run, i, true
		}
	}
	return nil, nil, 0, false
}

// Forget takes out call i of r, which has been cancelled while it waited.
func (p *Pool) Forget(r *record.Run, i int) {
	p.mu.Lock()
	var of *batch
	for b := range p.batches {
		if b.run == r && b.has(i) {
			of = b
		}
	}
	if of != nil {
		of.stopTimer(i)
	}
	p.mu.Unlock()
	if of != nil {
		of.finish(i)
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
	if p.idle != nil && len(p.batches) == 0 {
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
		p.each(false, func(b *batch, i int) { p.runner.Interrupt(b, b.run, i) })
	}
	return err
}

// drop cancels a call that is queued.
func (p *Pool) drop(b *batch, i int) {
	if p.runner.Cancel(b, b.run, i) {
		b.finish(i)
	}
}

// each calls do for all calls that have not ended, or for those that wait for
// a time. None of them waits for a time any more.
func (p *Pool) each(waiting bool, do func(b *batch, i int)) {
	type call struct {
		b *batch
		i int
	}
	var calls []call
	p.mu.Lock()
	for b := range p.batches {
		for i := b.from; i < b.to; i++ {
			if timed := b.stopTimer(i); timed || !waiting && b.open[i-b.from] != closed {
				calls = append(calls, call{b, i})
			}
		}
	}
	p.mu.Unlock()
	for _, c := range calls {
		do(c.b, c.i)
	}
}

// schedule lets call i of b wait before its next attempt.
func (p *Pool) schedule(b *batch, i int, wait time.Duration) {
	p.mu.Lock()
	stopping := p.stopping
	if !stopping && b.open[i-b.from] != closed {
		b.startTimer(i, wait)
	}
	p.mu.Unlock()
	if stopping {
		p.drop(b, i)
	}
}

// Retire makes the pool refuse what comes from outside.
func (p *Pool) Retire() {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
}

// Package pool is the bounded worker pool under the in-process engine.
//
// Lists of items enter it whole and are started strictly in the order in which they were admitted. A list costs one
// node and two or three turns of the pool's lock; an item costs one atomic addition.
//
// Workers are started when there is something to claim and end when there is nothing, so an idle pool has no
// goroutines, needs no closing, and works inside a testing/synctest bubble.
package pool

import (
	"context"
	"sync"
)

// Pool runs the items of lists on a bounded number of goroutines, behind a bounded queue. Make one with New.
// All its methods are safe for concurrent use.
//
// An item must handle its own panics: one that leaves Do ends the process, as in any goroutine. An item that calls
// runtime.Goexit ends only itself; another worker takes the place of its own.
type Pool struct {
	workers int
	places  int
	work    func() // the method value, made once: a go statement on the method would allocate

	mu       sync.Mutex
	queue    chain // admitted lists; only the first can be partly claimed
	admitted int   // items of the lists in the queue, claimed ones included
	line     chain // lists that wait for places
	running  int   // workers, at most the limit
	starting bool  // a worker has been started and has not come for its first item yet
	idle     chan struct{}
}

// New returns a pool that runs at most workers items at a time (at least one) and keeps at most queue more waiting to
// be started. An item leaves its place in the queue when it starts. With a queue of 0, a list is admitted once all
// items before it have started.
func New(workers, queue int) *Pool {
	p := &Pool{workers: max(workers, 1), places: max(queue, 0)}
	p.work = p.runWorker
	return p
}

// Submit puts l into the queue, all of it or nothing. When the queue has fewer than l.Len() free places, it waits
// until there is room, or until ctx ends: then it returns context.Cause(ctx) and no item of l will run. A list longer
// than the whole queue is admitted when the queue is empty. Those who wait are admitted first come, first served, so
// that short lists cannot starve a long one.
//
// Inside an item use SubmitNow: if every worker waited here, nobody would make room.
//
// It allocates one node, and a channel if it has to wait.
func (p *Pool) Submit(ctx context.Context, l List) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	n := &node{list: l, len: l.Len()}
	if n.len <= 0 {
		return nil
	}
	p.mu.Lock()
	p.line.push(n)
	p.admit()
	var ready chan struct{}
	if p.line.tail == n {
		ready = make(chan struct{})
		n.ready = ready
	}
	p.unlock()
	if ready == nil {
		return nil
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return p.withdraw(ctx, n)
	}
}

// withdraw takes n out of the line, unless it has been admitted meanwhile: then it runs, and there is no error.
func (p *Pool) withdraw(ctx context.Context, n *node) error {
	p.mu.Lock()
	defer p.unlock()
	if n.ready == nil {
		return nil
	}
	p.line.remove(n)
	p.admit()
	return context.Cause(ctx)
}

// SubmitNow puts l into the queue at once, also beyond the bound and ahead of those who wait in Submit. It is for work
// submitted by an item, where waiting could deadlock: what enters this way is bounded by the items that submit it.
func (p *Pool) SubmitNow(l List) {
	n := &node{list: l, len: l.Len()}
	if n.len <= 0 {
		return
	}
	p.mu.Lock()
	p.enqueue(n)
	p.unlock()
}

// Wait returns nil once nothing is queued or running, what is submitted meanwhile included, or context.Cause(ctx) if
// ctx ends first. An item that waits for its own pool waits until its ctx ends.
func (p *Pool) Wait(ctx context.Context) error {
	p.mu.Lock()
	if p.running == 0 {
		p.mu.Unlock()
		return nil
	}
	if p.idle == nil {
		p.idle = make(chan struct{})
	}
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Package pool is the worker pool under the in-process engine.
//
// Lists of items enter it whole and are started strictly in the order in which they were submitted. A list costs one
// node and two or three turns of the pool's lock; an item costs one atomic addition.
//
// Workers are started when there is something to claim and end when there is nothing, so an idle pool has no
// goroutines, needs no closing, and works inside a testing/synctest bubble.
package pool

import (
	"context"
	"sync"
)

// Pool runs the items of lists on a bounded number of goroutines, behind a queue. Make one with New.
// All its methods are safe for concurrent use.
//
// An item must handle its own panics: one that leaves Do ends the process, as in any goroutine. An item that calls
// runtime.Goexit ends only itself; another worker takes the place of its own.
type Pool struct {
	workers int
	work    func() // the method value, made once: a go statement on the method would allocate

	mu       sync.Mutex
	head     *Node // of the queue; only the first list can be partly claimed
	tail     *Node
	admitted int  // items of the lists in the queue, claimed ones included
	running  int  // workers, at most the limit
	starting bool // a worker has been started and has not come for its first item yet
	idle     chan struct{}
}

// New returns a pool that runs at most workers items at a time, at least one.
func New(workers int) *Pool {
	p := &Pool{workers: max(workers, 1)}
	p.work = p.runWorker
	return p
}

// Submit puts l into the queue, behind what is there. The queue has no bound: who
// submits has to have one. It allocates one node.
func (p *Pool) Submit(l List) { p.SubmitIn(new(Node), l) }

// SubmitIn is Submit with a node of the caller's, which is zero and is used
// once.
func (p *Pool) SubmitIn(n *Node, l List) {
	n.list, n.len = l, l.Len()
	if n.len <= 0 {
		return
	}
	p.mu.Lock()
	if p.tail == nil {
		p.head = n
	} else {
		p.tail.next = n
	}
	p.tail = n
	p.admitted += n.len
	p.unlock()
}

// drop removes the lists that have nothing left to claim. They keep no link to the rest, so that a worker busy with an
// old list does not hold the later ones in memory. The counter of a list runs past its end when workers race for the
// last item. The lock is held.
func (p *Pool) drop() {
	for n := p.head; n != nil && int(n.claimed.Load()) >= n.len; n = p.head {
		p.admitted -= n.len
		if p.head, n.next = n.next, nil; p.head == nil {
			p.tail = nil
		}
	}
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

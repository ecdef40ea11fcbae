package saferunner

import (
	"context"
	"sync/atomic"
	"time"
)

// deliveryList is a batch in the pool of the in-process engine, or a single
// call that waits for its time.
type deliveryList struct {
	engine *inProcess
	ctx    context.Context
	items  []item
	left   int // items that have not ended; guarded by engine.mu
}

// item is one delivery of a list. Whoever takes it, a worker or Stop, gives
// it to the handler.
type item struct {
	engine.Delivery
	taken atomic.Bool
}

func (l *deliveryList) with(d engine.Delivery) *deliveryList {
	return &deliveryList{engine: l.engine, ctx: l.ctx, items: []item{{Delivery: d}}}
}

// Len implements pool.List.
func (l *deliveryList) Len() int { return len(l.items) }

// Do implements pool.List.
func (l *deliveryList) Do(i int) {
	it := &l.items[i]
	err := ErrGoexit
	defer func() { l.ended(it, err) }()
	if !it.taken.CompareAndSwap(false, true) {
		err = nil // Stop has concluded it
		return
	}
	err = l.engine.handler(l.ctx, it.Delivery)
}

// ended decides whether there is a next attempt.
func (l *deliveryList) ended(it *item, err error) {
	e := l.engine
	next := it.Delivery
	if l.ctx.Err() != nil {
		err = nil // Stop has given up: it was the last attempt
	}
	if outcome, delay := classify(err); outcome == isLater {
		e.schedule(l.with(next), delay)
	} else if err != nil && !next.Last && outcome != isPermanent {
		next.Attempt++
		next.Last = next.Attempt >= next.Task.Retry.Attempts()
		e.schedule(l.with(next), next.Task.Retry.Delay(next.Attempt-1))
	}
	e.mu.Lock()
	if l.left--; l.left == 0 {
		e.remove(l)
	}
	e.mu.Unlock()
}

// reserve takes places for scheduled calls: all or none. Once Stop has been
// called there are none, except for the tasks that are being drained.
func (e *inProcess) reserve(ctx context.Context, places int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopping && !fromWorker(ctx) {
		return ErrShutdown
	}
	if places > 0 && len(e.scheduled)+e.reserved+places > schedulePlaces {
		return engine.ErrScheduleFull
	}
	e.reserved += places
	return nil
}

func (e *inProcess) unreserve(places int) {
	e.mu.Lock()
	e.reserved -= places
	e.mu.Unlock()
}

// schedule lets a list of one call wait for its time. It belongs to the map
// from then on: whoever takes it out, fire or Stop, concludes it.
func (e *inProcess) schedule(l *deliveryList, delay time.Duration) {
	e.mu.Lock()
	stopping := e.stopping
	if !stopping {
		e.scheduled[l] = time.AfterFunc(delay, func() { e.fire(l) })
	}
	e.mu.Unlock()
	if stopping {
		e.abandon(l)
	}
}

// fire moves a list whose time has come into the pool. It waits for nobody:
// the call was admitted when it was scheduled.
func (e *inProcess) fire(l *deliveryList) {
	e.mu.Lock()
	_, ok := e.scheduled[l]
	if ok {
		delete(e.scheduled, l)
		l.left = len(l.items)
		e.submitted[l] = struct{}{}
	}
	e.mu.Unlock()
	if ok {
		e.pool.SubmitNow(l)
	}
}

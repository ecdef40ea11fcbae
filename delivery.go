package saferunner

import (
	"context"
	"sync/atomic"
	"time"
)

// deliveryList is a batch in the pool of the in-process engine.
type deliveryList struct {
	engine *inProcess
	ctx    context.Context
	items  []item
	left   int // items that have not ended; guarded by engine.mu
}

// item is one delivery of a list. Whoever takes it executes it.
type item struct {
	Delivery
	state atomic.Int32
}

const (
	itemWaiting   = iota
	itemTaken     // by a worker, or by Stop to cancel it
	itemEnded     // its handler has returned
	itemAbandoned // it executes, and Stop has given up on it
)

func (l *deliveryList) with(d Delivery) *deliveryList {
	return &deliveryList{engine: l.engine, ctx: l.ctx, items: []item{{Delivery: d}}}
}

// Len implements pool.List.
func (l *deliveryList) Len() int { return len(l.items) }

// Do implements pool.List.
func (l *deliveryList) Do(i int) {
	it := &l.items[i]
	if !it.state.CompareAndSwap(itemWaiting, itemTaken) {
		return
	}
	err := ErrGoexit
	defer func() { l.ended(it, err) }()
	err = l.engine.handler(l.ctx, it.Delivery)
}

// ended decides whether there is a next attempt.
func (l *deliveryList) ended(it *item, err error) {
	it.state.CompareAndSwap(itemTaken, itemEnded)
	e := l.engine
	next := it.Delivery
	if delay, later := IsLater(err); later {
		e.retry(l.with(next), delay)
	} else if err != nil && !next.Last && !IsPermanent(err) {
		next.Attempt++
		next.Last = next.Attempt >= next.Task.Retry.Attempts()
		e.retry(l.with(next), next.Task.Retry.Delay(next.Attempt-1))
	}
	e.mu.Lock()
	if l.left--; l.left == 0 {
		e.remove(l)
	}
	e.mu.Unlock()
}

// scheduledList is a list of one that waits for its time.
type scheduledList struct {
	list  *deliveryList
	timer *time.Timer // nil until it is armed
}

// reserve takes the places that scheduled calls need: all or none.
func (e *inProcess) reserve(later []*scheduledList) error {
	if len(later) == 0 {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.scheduled)+len(later) > schedulePlaces {
		return ErrScheduleFull
	}
	if e.stopping {
		return nil // arm finds no place, and cancels
	}
	for _, s := range later {
		e.scheduled[s] = struct{}{}
	}
	return nil
}

func (e *inProcess) release(later []*scheduledList) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range later {
		delete(e.scheduled, s)
	}
}

// retry schedules a further attempt of a call that has been admitted before,
// so that no bound applies.
func (e *inProcess) retry(l *deliveryList, delay time.Duration) {
	s := &scheduledList{list: l}
	e.mu.Lock()
	if !e.stopping {
		e.scheduled[s] = struct{}{}
	}
	e.mu.Unlock()
	e.arm(s, delay)
}

// arm starts the timer of a list that has its place. If Stop has taken the
// place meanwhile, the calls are cancelled.
func (e *inProcess) arm(s *scheduledList, delay time.Duration) {
	e.mu.Lock()
	_, ok := e.scheduled[s]
	if ok {
		s.timer = time.AfterFunc(delay, func() { e.fire(s) })
	}
	e.mu.Unlock()
	if !ok {
		e.abandon(s.list)
	}
}

// fire moves a list whose time has come into the pool. It waits for nobody:
// the call was admitted when it was scheduled.
func (e *inProcess) fire(s *scheduledList) {
	e.mu.Lock()
	_, ok := e.scheduled[s]
	delete(e.scheduled, s)
	if ok {
		s.list.left = len(s.list.items)
		e.submitted[s.list] = struct{}{}
	}
	e.mu.Unlock()
	if !ok { // Stop came first
		e.abandon(s.list)
		return
	}
	e.pool.SubmitNow(s.list)
}

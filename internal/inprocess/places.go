package inprocess

import (
	"container/list"
	"context"
	"sync"
)

// places are what submitted calls take until they have ended, in number and
// in bytes. Who waits for some is served first come, first served, so that
// small batches cannot starve a large one. A batch of more than there are at
// all is let in when nothing else is. All methods are called with the lock
// held that guards them, the pool's.
type places struct {
	maxCalls int
	maxBytes int64

	calls int
	bytes int64
	line  list.List // of *waiting
}

type waiting struct {
	calls int
	bytes int64
	ready chan struct{} // closed when the places have been taken
}

// take takes places if there are enough.
func (p *places) take(calls int, bytes int64) bool {
	if p.calls > 0 && (p.calls+calls > p.maxCalls || p.bytes+bytes > p.maxBytes) {
		return false
	}
	p.calls, p.bytes = p.calls+calls, p.bytes+bytes
	return true
}

// wait takes places, and waits for them until ctx ends. Then it takes none
// and returns the cause. It lets go of the lock while it waits.
func (p *places) wait(ctx context.Context, lock *sync.Mutex, calls int, bytes int64) error {
	if p.line.Len() == 0 && p.take(calls, bytes) {
		return nil
	}
	w := &waiting{calls, bytes, make(chan struct{})}
	e := p.line.PushBack(w)
	lock.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
	}
	lock.Lock()
	select {
	case <-w.ready: // perhaps at the same time
		return nil
	default:
	}
	p.line.Remove(e)
	p.letIn()
	return context.Cause(ctx)
}

// give gives places back.
func (p *places) give(calls int, bytes int64) {
	p.calls, p.bytes = p.calls-calls, p.bytes-bytes
	if p.line.Len() > 0 {
		p.letIn()
	}
}

// letIn serves those in line as far as there is room.
func (p *places) letIn() {
	for e := p.line.Front(); e != nil; e = p.line.Front() {
		w := e.Value.(*waiting)
		if !p.take(w.calls, w.bytes) {
			return
		}
		p.line.Remove(e)
		close(w.ready)
	}
}

package inprocess

import (
	"container/list"
	"context"
	"sync"
)

// places are what submitted calls take until they have ended, in number and
// in bytes. Who waits for some is served first come, first served, so that
// small batches cannot starve a large one. A batch of more than there are at
// all is let in when nothing else is.
type places struct {
	maxCalls int
	maxBytes int64

	mu    sync.Mutex
	calls int
	bytes int64
	line  list.List // of *waiting
}

type waiting struct {
	calls int
	bytes int64
	ready chan struct{} // closed when the places have been taken
}

// fits reports whether there is room. p.mu is held.
func (p *places) fits(calls int, bytes int64) bool {
	return p.calls == 0 || p.calls+calls <= p.maxCalls && p.bytes+bytes <= p.maxBytes
}

// try takes places if there are enough.
func (p *places) try(calls int, bytes int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.fits(calls, bytes) {
		return false
	}
	p.calls, p.bytes = p.calls+calls, p.bytes+bytes
	return true
}

// wait takes places, and waits for them until ctx ends. Then it takes none
// and returns the cause.
func (p *places) wait(ctx context.Context, calls int, bytes int64) error {
	p.mu.Lock()
	if p.line.Len() == 0 && p.fits(calls, bytes) {
		p.calls, p.bytes = p.calls+calls, p.bytes+bytes
		p.mu.Unlock()
		return nil
	}
	w := &waiting{calls, bytes, make(chan struct{})}
	e := p.line.PushBack(w)
	p.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-w.ready: // at the same time
		return nil
	default:
	}
	p.line.Remove(e)
	p.letIn()
	return context.Cause(ctx)
}

// give gives places back.
func (p *places) give(calls int, bytes int64) {
	p.mu.Lock()
	p.calls, p.bytes = p.calls-calls, p.bytes-bytes
	p.letIn()
	p.mu.Unlock()
}

// letIn serves those in line as far as there is room. p.mu is held.
func (p *places) letIn() {
	for e := p.line.Front(); e != nil; e = p.line.Front() {
		w := e.Value.(*waiting)
		if !p.fits(w.calls, w.bytes) {
			return
		}
		p.calls, p.bytes = p.calls+w.calls, p.bytes+w.bytes
		p.line.Remove(e)
		close(w.ready)
	}
}

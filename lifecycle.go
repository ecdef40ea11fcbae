package saferunner

import (
	"context"
	"sync"
	"sync/atomic"
)

// lifecycle counts the Runs of a runner that are under way, and ends them.
// While nobody shuts the runner down it costs two atomic additions a Run.
type lifecycle struct {
	state atomic.Int64 // Runs under way, and the flags

	mu   sync.Mutex
	idle chan struct{} // closed when nothing is under way; nil while nobody waits
}

const (
	draining = 1 << 40 // no Run from outside may begin
	closed   = 1 << 41 // no Run at all
	running  = draining - 1
)

// enter lets a Run begin. While the runner drains, the tasks that it drains
// may still Run.
func (l *lifecycle) enter(inTask bool) error {
	state := l.state.Add(1)
	if state < draining || state < closed && inTask {
		return nil
	}
	l.leave()
	return ErrShutdown
}

func (l *lifecycle) leave() {
	if state := l.state.Add(-1); state >= draining && state&running == 0 {
		l.signal()
	}
}

func (l *lifecycle) signal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil && l.state.Load()&running == 0 {
		close(l.idle)
		l.idle = nil
	}
}

// drain lets no more Runs begin from outside and waits for those under way.
func (l *lifecycle) drain(ctx context.Context) error {
	l.mu.Lock()
	l.state.Or(draining)
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	l.signal()
	return waitFor(ctx, idle)
}

func (l *lifecycle) close() { l.state.Or(closed) }

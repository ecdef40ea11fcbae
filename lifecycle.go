package saferunner

import (
	"context"
	"sync"
	"sync/atomic"
)

// lifecycle counts the Runs of a runner that are under way, and ends them. It
// goes through three states: at first Runs may begin; while it drains, only
// those of the tasks that are being drained; when it is closed, none. While
// nobody shuts the runner down it costs two atomic additions a Run.
type lifecycle struct {
	state atomic.Int64 // Runs under way, and the flags

	mu   sync.Mutex
	idle chan struct{} // closed when nothing is under way; nil while nobody waits
}

const (
	draining = 1 << 40
	closed   = 1 << 41
	underWay = draining - 1
)

// enter lets a Run begin.
func (l *lifecycle) enter(inTask bool) error {
	state := l.state.Add(1)
	if state < draining || state < closed && inTask {
		return nil
	}
	l.leave()
	return ErrShutdown
}

func (l *lifecycle) leave() {
	if state := l.state.Add(-1); state >= draining && state&underWay == 0 {
		l.signal()
	}
}

func (l *lifecycle) signal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.idle != nil && l.state.Load()&underWay == 0 {
		close(l.idle)
		l.idle = nil
	}
}

// ended reports whether Runs from outside may not begin any more.
func (l *lifecycle) ended() bool { return l.state.Load() >= draining }

// drain lets no more Runs begin from outside and waits for those under way,
// until ctx ends.
func (l *lifecycle) drain(ctx context.Context) error {
	l.mu.Lock()
	l.state.Or(draining)
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	l.signal()
	select {
	case <-idle: // also where ctx has ended
		return nil
	default:
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lifecycle) close() { l.state.Or(closed) }

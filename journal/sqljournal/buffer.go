package sqljournal

import (
	"context"
	"sync"
)

// How much waits for the writer at most, besides one change that may go
// beyond the bytes: there is always room for one, however large.
const (
	bufferSize  = 8192 // changes
	bufferBytes = 32 << 20
)

// buffer counts the bytes that changes hold which are in the queue or in the
// group that is written. The queue itself bounds their number.
type buffer struct {
	mu    sync.Mutex // guards the rest
	bytes int64
	room  chan struct{} // closed when bytes sinks; nil if nobody waits for that
}

// take counts n bytes more. It waits for room until ctx or the journal ends.
func (b *buffer) take(ctx context.Context, closing <-chan struct{}, n int64) error {
	for {
		room := b.tryTake(n)
		if room == nil {
			return nil
		}
		select {
		case <-room:
		case <-closing:
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryTake counts n bytes, or returns what is closed when there may be room.
// That there is any is enough: a large change does not wait while small ones
// overtake it.
func (b *buffer) tryTake(n int64) (room <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes < bufferBytes {
		b.bytes += n
		return nil
	}
	if b.room == nil {
		b.room = make(chan struct{})
	}
	return b.room
}

func (b *buffer) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes -= n
	if b.room != nil && b.bytes < bufferBytes {
		close(b.room)
		b.room = nil
	}
}

package inprocess

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/internal/pool"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// Batch is what is submitted at once: the calls From..To of Run that are
// queued then, and what executes them. It is also the ctx of their tasks: the
// values of Run's ctx with the cancellation of the pool. The pool's lock
// guards left, open, timers and the links; the rest does not change.
type Batch struct {
	Run      *record.Run
	From, To int
	Tasks    Tasks

	context.Context // of the pool
	values          context.Context
	pool            *Pool
	node            pool.Node // in the queue
	at              time.Time // when it was submitted, if some wait for a time
	delayed         int       // calls that wait for a time from the beginning

	share int64 // of the run's own memory, for each call

	left       int                 // calls that have not ended
	open       []uint64            // which: a bit for each
	few        [1]uint64           // open of a short batch
	timers     map[int]*time.Timer // of the calls that wait for a time
	prev, next *Batch              // in the pool
}

// Tasks is what the pool asks to execute the calls of a batch.
type Tasks interface {
	// Execute makes one attempt at call i, unless it is not queued any more.
	// When the attempt has ended, however the task leaves, and that has been
	// written down, it calls Finish or Again, once.
	Execute(i int)

	// Cancel ends call i if it is queued: it will not be executed. It reports
	// whether it has.
	Cancel(i int) bool

	// Interrupt gives call i up, if it executes.
	Interrupt(i int)
}

// begin sets what the pool knows of a new batch, and returns how many calls
// there are and what they take.
func (b *Batch) begin(ctx context.Context, p *Pool) (calls int, bytes int64) {
	b.Context, b.values, b.pool = p.base, context.WithoutCancel(ctx), p
	if b.open = b.few[:]; b.Len() > 64 {
		b.open = make([]uint64, (b.Len()+63)/64)
	}
	for i := b.From; i < b.To; i++ {
		if b.Run.Status(i) != journal.StatusQueued {
			continue
		}
		b.open[(i-b.From)/64] |= 1 << ((i - b.From) % 64)
		b.left++
		bytes += b.Run.CallBytes(i)
		if o := b.Run.Calls[i].Options; o.After != 0 || !o.At.IsZero() {
			if b.at.IsZero() {
				b.at = time.Now()
			}
			if b.waits(i) {
				b.delayed++
			}
		}
	}
	if b.left > 0 {
		b.share = b.Run.RestBytes(b.left) / int64(b.left)
	}
	return b.left, bytes + b.share*int64(b.left)
}

// has reports whether call i is one of the batch and has not ended. The pool's
// lock is held.
func (b *Batch) has(i int) bool {
	return b.From <= i && i < b.To && b.open[(i-b.From)/64]&(1<<((i-b.From)%64)) != 0
}

// waits reports whether call i waits for a time from the beginning.
func (b *Batch) waits(i int) bool { return b.Run.Calls[i].Options.NotBefore(b.Run.At).After(b.at) }

// Value implements [context.Context].
func (b *Batch) Value(key any) any {
	if v := b.values.Value(key); v != nil {
		return v
	}
	return b.Context.Value(key)
}

// Len implements pool.List.
func (b *Batch) Len() int { return b.To - b.From }

// Do implements pool.List: it executes a call that was due when it was
// submitted.
func (b *Batch) Do(n int) {
	if i := b.From + n; b.delayed == 0 || !b.waits(i) {
		b.Tasks.Execute(i)
	}
}

// one is a call of a batch whose time has come.
type one struct {
	*Batch
	at int
}

// Len implements pool.List.
func (o one) Len() int { return 1 }

// Do implements pool.List.
func (o one) Do(int) { o.Tasks.Execute(o.at) }

// Again lets call i wait before its next attempt.
func (b *Batch) Again(i int, wait time.Duration) {
	p := b.pool
	p.mu.Lock()
	stopping := p.stopping
	if !stopping && b.has(i) {
		b.startTimer(i, wait)
	}
	p.mu.Unlock()
	if stopping {
		p.drop(b, i)
	}
}

// Finish gives back the place of call i, which has ended. It may be called
// again.
func (b *Batch) Finish(i int) {
	p, bytes := b.pool, b.Run.CallBytes(i)+b.share
	p.mu.Lock()
	defer p.mu.Unlock()
	word, bit := &b.open[(i-b.From)/64], uint64(1)<<((i-b.From)%64)
	if *word&bit == 0 {
		return
	}
	*word &^= bit
	p.places.give(1, bytes)
	if b.left--; b.left == 0 {
		p.remove(b)
	}
}

// The timers. The pool's lock is held.

// startTimers starts those of the calls that wait from the beginning.
func (b *Batch) startTimers() {
	for i := b.From; i < b.To; i++ {
		if b.Run.Status(i) == journal.StatusQueued && b.waits(i) {
			b.startTimer(i, time.Until(b.Run.Calls[i].Options.NotBefore(b.Run.At)))
		}
	}
}

func (b *Batch) startTimer(i int, wait time.Duration) {
	if b.timers == nil {
		b.timers = map[int]*time.Timer{}
	}
	b.timers[i] = time.AfterFunc(wait, func() { b.fire(i) })
}

// stopTimer reports whether the call waits for a time, and ends that.
func (b *Batch) stopTimer(i int) bool {
	timer, waits := b.timers[i]
	if waits {
		timer.Stop() // if it has fired, fire finds nothing
		delete(b.timers, i)
	}
	return waits
}

// fire moves a call whose time has come into the queue.
func (b *Batch) fire(i int) {
	b.pool.mu.Lock()
	waited := b.stopTimer(i)
	b.pool.mu.Unlock()
	if waited {
		b.pool.workers.Submit(one{b, i})
	}
}

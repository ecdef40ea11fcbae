package inprocess

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// batch is what was submitted at once, and the ctx of its calls: the values
// of Run's ctx with the cancellation of the pool. The pool's lock guards left,
// open and timers; the rest does not change.
type batch struct {
	context.Context // of the pool
	values          context.Context
	pool            *Pool
	run             *record.Run
	from, to        int
	at              time.Time // when it was submitted
	delayed         int       // calls that wait for a time from the beginning

	left   int                 // calls that have not ended
	open   []int64             // the bytes of each, from from on; closed for one that has ended
	timers map[int]*time.Timer // of the calls that wait for a time
}

const closed = -1

func (p *Pool) newBatch(ctx context.Context, r *record.Run, from, to int) *batch {
	b := &batch{
		Context: p.base, values: context.WithoutCancel(ctx), pool: p, run: r, from: from, to: to,
		at: time.Now(), open: make([]int64, to-from),
	}
	for i := from; i < to; i++ {
		if r.Status(i) != journal.StatusQueued {
			b.open[i-from] = closed
			continue
		}
		b.open[i-from] = r.CallBytes(i)
		b.left++
		if b.waits(i) {
			b.delayed++
		}
	}
	return b
}

// has reports whether call i is one of the batch and has not ended. The pool's
// lock is held.
func (b *batch) has(i int) bool { return b.from <= i && i < b.to && b.open[i-b.from] != closed }

// waits reports whether call i waits for a time from the beginning.
func (b *batch) waits(i int) bool { return b.run.Calls[i].Options.NotBefore(b.run.At).After(b.at) }

// bytes is what the calls of a new batch take.
func (b *batch) bytes() (sum int64) {
	for _, n := range b.open {
		sum += max(n, 0)
	}
	return sum
}

// Value implements [context.Context].
func (b *batch) Value(key any) any {
	if v := b.values.Value(key); v != nil {
		return v
	}
	return b.Context.Value(key)
}

// Len implements pool.List.
func (b *batch) Len() int { return b.to - b.from }

// Do implements pool.List: it executes a call that was due when it was
// submitted.
func (b *batch) Do(n int) {
	if i := b.from + n; b.delayed == 0 || !b.waits(i) {
		b.pool.runner.Execute(b, b.run, i, b)
	}
}

// one is a call of a batch whose time has come.
type one struct {
	*batch
	at int
}

// Len implements pool.List.
func (o one) Len() int { return 1 }

// Do implements pool.List.
func (o one) Do(int) { o.pool.runner.Execute(o.batch, o.run, o.at, o.batch) }

// End implements [Ender].
func (b *batch) End(i int, e engine.Ending) {
	if e.Status == journal.StatusQueued {
		b.pool.schedule(b, i, e.Wait)
		return
	}
	b.finish(i)
}

// finish gives back the place of a call, once.
func (b *batch) finish(i int) {
	p := b.pool
	p.mu.Lock()
	bytes := b.open[i-b.from]
	if bytes == closed {
		p.mu.Unlock()
		return
	}
	b.open[i-b.from] = closed
	if b.left--; b.left == 0 {
		delete(p.batches, b)
		p.signalIdle()
	}
	p.mu.Unlock()
	p.places.give(1, bytes)
}

// The timers. The pool's lock is held.

// startTimers starts those of the calls that wait from the beginning.
func (b *batch) startTimers() {
	if b.delayed == 0 {
		return
	}
	for i := b.from; i < b.to; i++ {
		if b.open[i-b.from] != closed && b.waits(i) {
			b.startTimer(i, time.Until(b.run.Calls[i].Options.NotBefore(b.run.At)))
		}
	}
}

func (b *batch) startTimer(i int, wait time.Duration) {
	if b.timers == nil {
		b.timers = map[int]*time.Timer{}
	}
	b.timers[i] = time.AfterFunc(wait, func() { b.fire(i) })
}

// stopTimer reports whether the call waits for a time, and ends that.
func (b *batch) stopTimer(i int) bool {
	timer, waits := b.timers[i]
	if waits {
		timer.Stop() // if it has fired, fire finds nothing
		delete(b.timers, i)
	}
	return waits
}

// fire moves a call whose time has come into the queue.
func (b *batch) fire(i int) {
	b.pool.mu.Lock()
	waited := b.stopTimer(i)
	b.pool.mu.Unlock()
	if waited {
		b.pool.workers.Submit(one{b, i})
	}
}

package record

import (
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// The steps of an async call, and of a recorded one that its test performs.
// Each is taken under the lock and reports whether it was the caller's to
// take: so a worker, Shutdown and Cancel can all try, and one succeeds.

// Queue counts n calls that are about to be queued. w is told when they end.
func (r *Run) Queue(n int, w *Waiter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiter == nil {
		r.waiter = w
		n += queuedBit
	}
	r.going.Add(int32(n))
}

// Take lets a call begin its next attempt, and returns which, from 1, and the
// arguments, which a journal may drop as soon as the call is given up: one
// that is queued, or where a test performs it one that is recorded and was not
// dropped.
func (r *Run) Take(i int, from journal.Status, worker string) (args Arguments, attempt int, ok bool) {
	at := r.elapsed()
	defer r.lock(i).Unlock()
	if statuses[r.code(i)] != from {
		return nil, 0, false
	}
	args = r.Calls[i].Args
	if _, gone := args.(dropped); gone {
		return nil, 0, false
	}
	r.Calls[i].set(running)
	h := r.history(i)
	if h.more == nil && h.started == 0 && worker == "" { // as most are
		h.started = at
		return args, 1, true
	}
	before := h.bytes()
	h.open(at, worker)
	r.growth.Add(h.bytes() - before)
	return args, h.count(), true
}

// Conclude ends an attempt as e says. It is false for an attempt that has been
// given up meanwhile, whose end is written all the same, unless it would be
// tried again.
func (r *Run) Conclude(i int, e *engine.Ending, kept *Kept) bool {
	at := r.elapsed()
	defer r.lock(i).Unlock()
	h, was := &r.histories[i], r.code(i)
	switch {
	case was != running && was != interrupted:
		return false
	case codeOf(e.Status) == queued && was == interrupted:
		return false
	case codeOf(e.Status) == queued && !e.Counts:
		h.takeBack()
	default:
		if grown := h.end(at, e, kept); grown != 0 {
			r.growth.Add(grown)
		}
	}
	r.Calls[i].set(codeOf(e.Status))
	return was == running
}

// Cancel ends a queued call as e says, without a further attempt.
func (r *Run) Cancel(i int, e engine.Ending) bool {
	defer r.lock(i).Unlock()
	return r.code(i) == queued && r.unbegun(i, e)
}

// CancelRecorded is Cancel of a recorded call.
func (r *Run) CancelRecorded(i int, e engine.Ending) bool {
	defer r.lock(i).Unlock()
	return r.code(i) == recorded && r.unbegun(i, e)
}

func (r *Run) unbegun(i int, e engine.Ending) bool {
	r.growth.Add(r.history(i).unbegun(e))
	r.Calls[i].set(codeOf(e.Status))
	return true
}

// Interrupt marks a running call, whose end nobody will wait for.
func (r *Run) Interrupt(i int, e engine.Ending) bool {
	defer r.lock(i).Unlock()
	if r.code(i) != running {
		return false
	}
	h := &r.histories[i]
	before := h.bytes()
	h.say(e.Error, e.Stack, h.worker())
	r.growth.Add(h.bytes() - before)
	r.going.Or(lateBit)
	r.Calls[i].set(interrupted)
	return true
}

// Lapse makes a queued call recorded: what let it through has ended.
func (r *Run) Lapse(i int) bool {
	defer r.lock(i).Unlock()
	if r.code(i) != queued {
		return false
	}
	r.Calls[i].set(recorded)
	return true
}

// Duplicate makes a call that was about to be performed a duplicate.
func (r *Run) Duplicate(i int) {
	defer r.lock(i).Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(duplicate)
}

// Unperform makes it recorded again.
func (r *Run) Unperform(i int) {
	defer r.lock(i).Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(recorded)
}

// Executes reports whether call i is at this attempt now.
func (r *Run) Executes(i, attempt int) bool {
	return r.code(i) == running && r.Attempts(i) == attempt
}

// Attempts returns how many there were of call i.
func (r *Run) Attempts(i int) int {
	defer r.lock(i).Unlock()
	if r.histories == nil {
		return 0
	}
	return r.histories[i].count()
}

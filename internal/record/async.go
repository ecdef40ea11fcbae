package record

import (
	"time"

	"github.com/saferunner/saferunner/engine"
)

// The steps of an async call, and of a recorded one that its test performs.
// Each is taken under the lock and reports whether it was the caller's to
// take: so a worker, Shutdown and Cancel can all try, and one succeeds.

// Queue counts n calls that are about to be queued.
func (r *Run) Queue(n int) {
	r.mu.Lock()
	r.left += n
	r.mu.Unlock()
}

// Take lets a queued call begin its next attempt, and returns which, from 1.
func (r *Run) Take(i int, at time.Time, worker string) (attempt int, ok bool) {
	return r.take(i, queued, at, worker)
}

// Perform lets a recorded call begin.
func (r *Run) Perform(i int, at time.Time) bool {
	_, ok := r.take(i, recorded, at, "")
	return ok
}

func (r *Run) take(i int, from uint32, at time.Time, worker string) (attempt int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.code(i) != from {
		return 0, false
	}
	h := r.history(i)
	h.open(r.since(at), worker)
	r.Calls[i].set(running)
	return h.count(), true
}

// Conclude ends an attempt as e says. It is false for an attempt that has been
// given up meanwhile, whose end is written all the same, unless it would be
// tried again.
func (r *Run) Conclude(i int, at time.Time, e engine.Ending, kept Kept) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, was := &r.histories[i], r.code(i)
	switch {
	case was != running && was != interrupted:
		return false
	case codeOf(e.Status) == queued && was == interrupted:
		return false
	case codeOf(e.Status) == queued && !e.Counts:
		h.takeBack()
	default:
		r.Growth.Add(h.end(r.since(at), e, kept))
	}
	r.Calls[i].set(codeOf(e.Status))
	return was == running
}

// Cancel ends a queued call as e says, without a further attempt.
func (r *Run) Cancel(i int, e engine.Ending) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.code(i) == queued && r.unbegun(i, e)
}

// CancelRecorded is Cancel of a recorded call.
func (r *Run) CancelRecorded(i int, e engine.Ending) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.code(i) == recorded && r.unbegun(i, e)
}

func (r *Run) unbegun(i int, e engine.Ending) bool {
	r.Growth.Add(r.history(i).unbegun(e))
	r.Calls[i].set(codeOf(e.Status))
	return true
}

// Interrupt marks a running call, whose end nobody will wait for.
func (r *Run) Interrupt(i int, e engine.Ending) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.code(i) != running {
		return false
	}
	h := &r.histories[i]
	before := h.bytes()
	worker := ""
	if h.last.text != nil {
		worker = h.last.text.worker
	}
	h.last.text = &attemptText{e.Error, e.Stack, worker}
	r.Growth.Add(h.bytes() - before)
	r.Calls[i].set(interrupted)
	return true
}

// Lapse makes a queued call recorded: what let it through has ended.
func (r *Run) Lapse(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.code(i) != queued {
		return false
	}
	r.Calls[i].set(recorded)
	return true
}

// Duplicate makes a call that was about to be performed a duplicate.
func (r *Run) Duplicate(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(duplicate)
}

// Unperform makes it recorded again.
func (r *Run) Unperform(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(recorded)
}

// Attempts returns how many there were of call i.
func (r *Run) Attempts(i int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.histories == nil {
		return 0
	}
	return r.histories[i].count()
}

package record

import (
	"time"

	"github.com/saferunner/saferunner/engine"
)

// The steps of a sync call. They have one writer, see [Run].

// Begin opens the attempt of a sync call: when the one before it has ended, as
// End has said, at the Beginning, or now for 0.
func (r *Run) Begin(i int, at time.Duration) {
	if at == 0 {
		at = r.elapsed()
	}
	r.histories[i].started = at
	r.Calls[i].set(running)
}

// Unbegin makes it skipped: it did not execute after all.
func (r *Run) Unbegin(i int) {
	defer r.lock(i).Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(skipped)
}

// End closes it, and returns when that was.
func (r *Run) End(i int, e *engine.Ending, kept *Kept) (at time.Duration) {
	at = r.elapsed()
	if grown := r.histories[i].end(at, e, kept); grown != 0 {
		r.growth.Add(grown)
	}
	r.Calls[i].set(codeOf(e.Status))
	return at
}

// Answer keeps what a stub or WhenRecorded said. It is called before the
// journal has seen the call.
func (r *Run) Answer(i int, kept *Kept) {
	defer r.lock(i).Unlock()
	h := r.history(i)
	before := h.bytes()
	h.detail().result = kept
	r.growth.Add(h.bytes() - before)
}

// Fail ends a call that was not begun, with the reason. It may have been
// queued.
func (r *Run) Fail(i int, e engine.Ending) {
	defer r.lock(i).Unlock()
	r.growth.Add(r.history(i).unbegun(e))
	r.Calls[i].set(codeOf(e.Status))
}

// end closes the last attempt as e says, and returns by how many bytes the
// history has grown.
func (h *History) end(at time.Duration, e *engine.Ending, kept *Kept) (grown int64) {
	if h.more == nil && e.Error == "" && e.Stack == "" && kept == nil { // as most are
		h.finished = at
		return 0
	}
	before := h.bytes()
	h.close(at, e.Error, e.Stack)
	if kept != nil {
		h.detail().result = kept
	}
	return h.bytes() - before
}

// unbegun notes why there will be no further attempt.
func (h *History) unbegun(e engine.Ending) (grown int64) {
	before := h.bytes()
	h.open(0, "")
	h.say(e.Error, e.Stack, "")
	return h.bytes() - before
}

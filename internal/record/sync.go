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

// End closes it, and returns when that was and how many bytes the run has
// grown by.
func (r *Run) End(i int, e *engine.Ending, kept *Kept) (at time.Duration, grown int64) {
	at = r.elapsed()
	grown = r.histories[i].end(at, e, kept)
	r.Calls[i].set(codeOf(e.Status))
	return at, grown
}

// Answer keeps what a stub or WhenRecorded said. It is called before the
// journal has seen the call.
func (r *Run) Answer(i int, kept *Kept) {
	m := r.history(i).detail()
	m.answered, m.result = true, kept
}

// Fail ends a call that was not begun, with the reason. It may have been
// queued.
func (r *Run) Fail(i int, e engine.Ending) {
	defer r.lock(i).Unlock()
	r.history(i).unbegun(e)
	r.Calls[i].set(codeOf(e.Status))
}

// end closes the last attempt as e says.
func (h *History) end(at time.Duration, e *engine.Ending, kept *Kept) (grown int64) {
	if h.more == nil && e.Error == "" && kept == nil { // as most are
		h.finished = at
		return 0
	}
	h.close(at, e.Error, e.Stack)
	grown = int64(len(e.Error) + len(e.Stack))
	if kept != nil {
		h.detail().result = kept
		grown += kept.Bytes
	}
	return grown
}

// unbegun notes why there will be no further attempt.
func (h *History) unbegun(e engine.Ending) {
	h.open(0, "")
	h.say(e.Error, e.Stack, "")
}

package record

import (
	"time"

	"github.com/saferunner/saferunner/engine"
)

// The steps of a sync call. They have one writer, see [Run].

// Begin opens the attempt of a sync call.
func (r *Run) Begin(i int, at time.Time) {
	r.histories[i].open(r.since(at), "")
	r.Calls[i].set(running)
}

// Unbegin makes it skipped: it did not execute after all.
func (r *Run) Unbegin(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.histories[i].takeBack()
	r.Calls[i].set(skipped)
}

// End closes it.
func (r *Run) End(i int, at time.Time, e engine.Ending, kept Kept) {
	if grown := r.histories[i].end(r.since(at), e, kept); grown != 0 {
		r.Growth.Add(grown)
	}
	r.Calls[i].set(codeOf(e.Status))
}

// Answer keeps what a stub or WhenRecorded said. It is called before the
// journal has seen the call.
func (r *Run) Answer(i int, kept Kept) {
	h := r.history(i)
	before := h.bytes()
	m := h.detail()
	m.answered, m.result = true, kept
	r.Growth.Add(h.bytes() - before)
}

// Fail ends a call that was not begun, with the reason. It may have been
// queued.
func (r *Run) Fail(i int, e engine.Ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Growth.Add(r.history(i).unbegun(e))
	r.Calls[i].set(codeOf(e.Status))
}

// end closes the last attempt as e says, and returns by how many bytes the
// history has grown.
func (h *history) end(at time.Duration, e engine.Ending, kept Kept) (grown int64) {
	if e.Error == "" && e.Stack == "" && kept.Value == nil && h.last.text == nil {
		h.last.finished = at
		return 0
	}
	before := h.bytes()
	h.close(at, e.Error, e.Stack)
	if kept.Value != nil {
		h.detail().result = kept
	}
	return h.bytes() - before
}

// unbegun notes why there will be no further attempt.
func (h *history) unbegun(e engine.Ending) (grown int64) {
	before := h.bytes()
	h.open(0, "")
	h.last = attempt{text: &attemptText{err: e.Error, stack: e.Stack}}
	return h.bytes() - before
}

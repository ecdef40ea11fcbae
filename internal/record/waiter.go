package record

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Waiter holds what the caller of Run may ask for: what the tasks returned,
// as they returned it. The lock of the run guards it once something async has
// been queued.
type Waiter struct {
	outcomes []Outcome     // one for each call; nil while none has returned anything
	done     chan struct{} // closed when nothing of the run is left; nil while nobody waits
}

// at returns what call i has returned, to be set.
func (w *Waiter) at(i, calls int) *Outcome {
	if w.outcomes == nil {
		w.outcomes = make([]Outcome, calls)
	}
	return &w.outcomes[i]
}

// Outcome is what a call returned.
type Outcome struct {
	Result any
	Err    error
	ByRun  bool // Run has returned Err, or left it out as of a best-effort call
}

// Tell lets the Waiter know that an async call has ended for good. What it
// returned is written down already. If it returns true, the journal asks to
// know too.
func (r *Run) Tell(i int, o Outcome) (kept bool) {
	if o.Result != nil || o.Err != nil {
		r.mu.Lock()
		if r.waiter != nil {
			*r.waiter.at(i, len(r.Calls)) = o
		}
		r.mu.Unlock()
	}
	return r.Ended(1)
}

// Ended says that n of what goes on have ended: Run, which is about to return,
// or calls of Queue that the engine has not taken. The last one forgets the
// Waiter, since nothing will be told any more. If it returns true, the journal
// asks to know.
func (r *Run) Ended(n int) (kept bool) {
	going := r.going.Add(int32(-n))
	if going&^keptBit == 0 && r.waiter != nil {
		r.mu.Lock()
		if r.waiter.done != nil {
			close(r.waiter.done)
		}
		r.waiter = nil
		r.mu.Unlock()
	}
	return going&keptBit != 0
}

// Wait waits until the run's async calls have ended, or until ctx ends; then
// it returns the cause. Run has returned.
func (r *Run) Wait(ctx context.Context, w *Waiter) error {
	r.mu.Lock()
	if r.going.Load()&^keptBit == 0 {
		r.mu.Unlock()
		return nil
	}
	if w.done == nil {
		w.done = make(chan struct{})
	}
	done := w.done
	r.mu.Unlock()
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Errors returns the errors of async calls that have been told, in order.
func (r *Run) Errors(w *Waiter) (all []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range w.outcomes {
		if o.Err != nil && !o.ByRun {
			all = append(all, o.Err)
		}
	}
	return all
}

func (r *Run) told(i int, w *Waiter) (o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.outcomes != nil {
		o = w.outcomes[i]
	}
	return o
}

// Outcome returns what is known of call i: its status, what it returned, how
// long its last attempt took, and whether a stub or WhenRecorded answered it.
// w may be nil.
func (r *Run) Outcome(i int, w *Waiter) (s journal.Status, o Outcome, took time.Duration, answered bool) {
	if w != nil { // first, since it is told last
		o = r.told(i, w)
	}
	defer r.lock(i).Unlock()
	code := r.code(i)
	if r.histories != nil && code != running {
		h := &r.histories[i]
		if h.finished > 0 && h.started > 0 {
			took = h.finished - h.started
		}
		answered = h.more != nil && h.more.answered
	}
	return statuses[code], o, took, answered
}

// Learn notes how a call of a durable engine stands by now, and what it
// returned.
func (r *Run) Learn(i int, e journal.Entry, w *Waiter, o Outcome) {
	r.mu.Lock()
	*w.at(i, len(r.Calls)) = o
	r.mu.Unlock()
	defer r.lock(i).Unlock()
	r.Calls[i].set(codeOf(e.Status))
	n := len(e.Attempts)
	if n == 0 || r.histories == nil {
		return
	}
	last := &r.histories[i]
	if a := e.Attempts[n-1]; !a.Started.IsZero() && !a.Finished.IsZero() {
		last.started = r.since(a.Started)
		last.finished = last.started + a.Finished.Sub(a.Started)
	}
}

// Original returns what call i has returned, to be set by the goroutine of Run.
func (r *Run) Original(w *Waiter, i int) *Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.at(i, len(r.Calls))
}

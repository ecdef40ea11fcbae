package record

import (
	"context"
	"time"
	"weak"

	"github.com/saferunner/saferunner/journal"
)

// Waiter holds what the caller of Run may ask for: what the tasks returned,
// as they returned it. The lock of the run guards it once something async has
// been queued.
type Waiter struct {
	outcomes []Outcome            // one for each call; nil while none has returned anything
	done     chan struct{}        // closed when nothing of the run is left; nil while nobody waits
	instead  weak.Pointer[Waiter] // whom it stands for, if it is there for the run alone
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
	Result    any
	HasResult bool // it may be nil all the same
	ByRun     bool // Run has returned Err, or left it out as of a best-effort call
	as        uint8
	Err       error
}

// Tell lets the Waiter know that an async call has ended for good, how, and
// what it returned, which is written down already. Of one that has returned
// nothing, Ended says enough. If Tell returns true, the journal asks to know too.
func (r *Run) Tell(i int, s journal.Status, result any, err error) (kept bool) {
	r.tell(i, s, result, err, false)
	return r.Ended(1)
}

// TellEarly tells of a call that is given up, before that is written down. It
// still goes on for who waits.
func (r *Run) TellEarly(i int, s journal.Status, err error) { r.tell(i, s, nil, err, false) }

// TellLate tells how a call ends that was interrupted. It does not end where it
// would be tried again.
func (r *Run) TellLate(i int, s journal.Status, result any, err error) {
	if s != journal.StatusQueued {
		r.tell(i, s, result, err, true)
	}
}

// tell sets an outcome, in the place of one that was told before if late is set.
func (r *Run) tell(i int, s journal.Status, result any, err error, late bool) {
	told := Outcome{Err: err, as: uint8(codeOf(s))}
	if s == journal.StatusDone && r.Task(i).HasResult {
		told.Result, told.HasResult = result, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.waiter
	if w != nil && w.instead != (weak.Pointer[Waiter]{}) {
		w = w.instead.Value()
	}
	if w == nil { // nobody is there any more
		return
	}
	if o := w.at(i, len(r.Calls)); late || uint32(o.as) == none {
		*o = told
	}
}

// Ended says that n of what goes on have ended: Run, which is about to return,
// or calls of Queue that the engine has not taken. The last one forgets the
// Waiter, since nothing will be told any more, unless an interrupted call may
// end late. If it returns true, the journal asks to know.
func (r *Run) Ended(n int) (kept bool) {
	going := r.going.Add(int32(-n))
	if going&countBits == 0 && going&queuedBit != 0 {
		r.mu.Lock()
		if r.waiter.done != nil {
			close(r.waiter.done)
		}
		if going&lateBit == 0 {
			r.waiter = nil
		}
		r.mu.Unlock()
	}
	return going&keptBit != 0
}

// Wait waits until the run's async calls have ended, or until ctx ends; then
// it returns the cause. Run has returned.
func (r *Run) Wait(ctx context.Context) error {
	r.mu.Lock()
	if r.going.Load()&countBits == 0 {
		r.mu.Unlock()
		return nil
	}
	if r.waiter.done == nil {
		r.waiter.done = make(chan struct{})
	}
	done := r.waiter.done
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

func (r *Run) outcome(i int, w *Waiter) (o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w.outcomes != nil {
		o = w.outcomes[i]
	}
	return o
}

// Outcome returns what is known of call i: its status, what it returned, and
// how long its last attempt took. An async call that has ended goes on until
// the Waiter is told what it returned. w may be nil.
func (r *Run) Outcome(i int, w *Waiter) (s journal.Status, o Outcome, took time.Duration) {
	// Of sync calls somebody can ask meanwhile only if they were deferred. This is
	// read first: once they no longer are, all is told.
	early := r.Calls[i].Options.IsAsync() || r.Deferred()
	if w != nil {
		o = r.outcome(i, w)
	}
	defer r.lock(i).Unlock()
	code := r.code(i)
	switch {
	case uint32(o.as) != none:
		code = uint32(o.as)
	case w != nil && o.Err == nil && !o.HasResult && early && r.tells(i, code):
		code = running
	}
	if r.histories != nil && code != running && code != none {
		if h := &r.histories[i]; h.finished > 0 && h.started > 0 {
			took = h.finished - h.started
		}
	}
	return statuses[code], o, took
}

// tells reports whether the Waiter is told something of call i, if it has ended
// like this.
func (r *Run) tells(i int, code uint32) bool {
	switch code {
	case failed, cancelled, interrupted:
		return true
	case done:
		return r.Calls[i].Args.Task().HasResult
	}
	return false
}

// Learn notes how a call of a durable engine stands by now, and what it
// returned.
func (r *Run) Learn(i int, e journal.Entry, w *Waiter, o Outcome) {
	o.as = uint8(codeOf(e.Status))
	r.Set(w, i, o)
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

// Set sets what call i has returned.
func (r *Run) Set(w *Waiter, i int, o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*w.at(i, len(r.Calls)) = o
}

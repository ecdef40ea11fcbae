package saferunner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Report is what became of one run. Its fields are a snapshot, not written
// after Run has returned; Wait tells of the async calls.
type Report struct {
	ID       string    // of the run
	RunID    string    // the label that Run was given
	Outcomes []Outcome // one for each call, in order

	run *listRun // nil if Run refused the list
}

// Outcome is what became of one call by the time that Run returned.
type Outcome struct {
	Task     string
	Status   journal.Status
	Result   any           // of a result task that executed, was answered, or duplicates a call that did
	Err      error         // why it failed
	Duration time.Duration // that a sync call took
	EntryID  string        // of its journal entry
}

// Results returns the results of the result tasks that executed in line or
// were answered by a stub or WhenRecorded, in order.
func (r *Report) Results() []any {
	var all []any
	if r == nil || r.run == nil {
		return nil
	}
	for i := range r.Outcomes {
		if r.answered(i) {
			all = append(all, r.Outcomes[i].Result)
		}
	}
	return all
}

// answered reports whether call i has a result of its own.
func (r *Report) answered(i int) bool {
	o := &r.Outcomes[i]
	if r.run.records[i].call.bound.definition().out == nil || o.Err != nil {
		return false
	}
	return o.Status == journal.StatusDone || o.Status == journal.StatusStubbed || o.Status == journal.StatusRecorded && r.run.answered(i)
}

// answered reports whether a stub or WhenRecorded has answered call i.
func (r *listRun) answered(i int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.records[i].exec
	return x != nil && x.answered
}

// Recorded returns the names of the tasks whose calls were recorded instead
// of executed, in order.
func (r *Report) Recorded() []string {
	var names []string
	if r == nil {
		return nil
	}
	for i := range r.Outcomes {
		if r.Outcomes[i].Status == journal.StatusRecorded {
			names = append(names, r.Outcomes[i].Task)
		}
	}
	return names
}

// Wait waits until this run's async calls have ended for good, whatever
// engine they are on, and returns their errors, joined; each is a
// [*CallError]. If ctx ends first its error wraps the cause. It returns nil
// at once where nothing async executes. With an engine that works in other
// processes it looks into the journal, at growing intervals of up to half a
// second, and once more for up to a second when ctx ends, to name what has
// not ended. It knows of errors only what they say, and fails once the
// journal could not be read for 30 seconds. Safe for concurrent use.
func (r *Report) Wait(ctx context.Context) error {
	switch {
	case r == nil || r.run == nil:
		return nil
	case r.run.outside != nil:
		return r.run.waitOutside(ctx)
	case r.run.pending != nil:
		return r.run.pending.wait(ctx)
	}
	return nil
}

// pending counts the async calls of one run that have not ended. The run
// itself counts as one until it returns.
type pending struct {
	mu   sync.Mutex
	left int
	errs []error
	done chan struct{} // closed when left is 0
}

func newPending() *pending { return &pending{left: 1, done: make(chan struct{})} }

func (p *pending) add(calls int) {
	p.mu.Lock()
	p.left += calls
	p.mu.Unlock()
}

// end is told of each async call that has ended, and how.
func (p *pending) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.errs = append(p.errs, err)
	}
	if p.left--; p.left == 0 {
		close(p.done)
	}
}

func (p *pending) wait(ctx context.Context) error {
	if err := waitFor(ctx, p.done); err != nil {
		return fmt.Errorf("saferunner: async calls have not ended: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.errs...)
}

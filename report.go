package saferunner

import (
	"time"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// Report is a view of one run. Its methods tell what is true when they are
// asked: after [Report.Wait] they have the results of async calls too. For
// calls on a durable engine they tell what the last Wait has read, and
// "queued" before it. A list that Run refused has no outcomes. On a nil or
// zero Report the methods return nothing. Safe for concurrent use.
type Report struct {
	run  *record.Run // without calls and ID if Run refused the list
	kept *originals  // nil if nothing was queued or has returned anything
}

// originals are what a list has beside its run: what its calls have returned,
// which a journal that holds the run is not to keep.
type originals struct {
	waiter  record.Waiter
	durable *durableCalls // nil if nothing was handed to a durable engine
	report  Report        // on this list
}

func (r *Report) waiter() *record.Waiter {
	if r.kept == nil {
		return nil
	}
	return &r.kept.waiter
}

func refusedReport(runID string) *Report { return &Report{run: &record.Run{RunID: runID}} }

// Outcome is what has become of one call.
type Outcome struct {
	Task     string
	Status   journal.Status
	Result   any           // of a result task that executed, was answered, or duplicates a call that did
	Err      error         // why it failed
	Duration time.Duration // that its last attempt took
	EntryID  string        // of its journal entry
}

// ID returns the ID of the run, empty for a list that Run refused.
func (r *Report) ID() string {
	if r == nil || r.run == nil {
		return ""
	}
	return r.run.ID()
}

// RunID returns the label that Run was given.
func (r *Report) RunID() string {
	if r == nil || r.run == nil {
		return ""
	}
	return r.run.RunID
}

// Outcomes returns an outcome for each call, in the order of the list. Each
// is whole in itself; together they are no snapshot, where async calls go on.
func (r *Report) Outcomes() []Outcome {
	var all []Outcome
	for i := range r.calls() {
		all = append(all, r.outcome(i))
	}
	return all
}

func (r *Report) outcome(i int) Outcome {
	status, o, took, _ := r.run.Outcome(i, r.waiter())
	if o.Err != nil && r.run.Calls[i].Options.IsAsync() && !status.Final() {
		o.Err = nil
	}
	return Outcome{Task: r.run.Task(i).Spec.Name, Status: status, Result: o.Result, Err: o.Err, Duration: took, EntryID: r.run.EntryID(i)}
}

// calls returns the calls of the run, none for a nil or zero Report.
func (r *Report) calls() []record.Call {
	if r == nil || r.run == nil {
		return nil
	}
	return r.run.Calls
}

// hasResult reports whether call i has a result of its own.
func (r *Report) hasResult(i int) bool {
	status, o, _, answered := r.run.Outcome(i, r.waiter())
	if !r.run.Task(i).HasResult || o.Err != nil {
		return false
	}
	switch status {
	case journal.StatusDone:
		return true
	case journal.StatusStubbed, journal.StatusRecorded:
		return answered
	}
	return false
}

// Results returns the results of the result tasks that have been executed or
// answered by now, in order.
func (r *Report) Results() []any {
	var all []any
	for i := range r.calls() {
		if r.hasResult(i) {
			all = append(all, r.outcome(i).Result)
		}
	}
	return all
}

// Recorded returns the names of the tasks whose calls were recorded instead
// of executed, in order.
func (r *Report) Recorded() []string {
	var names []string
	for i := range r.calls() {
		if r.run.Status(i) == journal.StatusRecorded {
			names = append(names, r.run.Task(i).Spec.Name)
		}
	}
	return names
}

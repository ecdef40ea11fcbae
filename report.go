package saferunner

import (
	"time"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// Report is a view of one run. Its methods say what is true when they are
// called: after [Report.Wait] they have the results of async calls too. For
// calls on a durable engine they say what the last Wait has read, and "queued"
// before the first. A list that [Run] refused has no outcomes. The methods of a
// nil or zero Report return nothing. A Report is safe for concurrent use.
//
// A Report holds what the tasks returned, not a copy. The journal has its own.
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

// Outcome says what has become of one call.
type Outcome struct {
	Task     string         // name of the task
	Status   journal.Status // where the call stands
	Result   any            // of a result task, if it has one: its own, or that of the call that holds its key
	Err      error          // why the call failed, a *CallError; nil if it did not fail, or is tried again
	Duration time.Duration  // of its last attempt; 0 if it did not execute
	EntryID  string         // of its journal entry
}

// ID returns the ID of the run, or the empty string if [Run] refused the list.
func (r *Report) ID() string {
	if r == nil || r.run == nil {
		return ""
	}
	return r.run.ID()
}

// RunID returns the run ID that [Run] was given.
func (r *Report) RunID() string {
	if r == nil || r.run == nil {
		return ""
	}
	return r.run.RunID
}

// Outcomes returns an outcome for each call, in the order of the list. Each
// outcome is consistent in itself: an async call is running until its end has been
// written down. Together they are no snapshot: while async calls go on, one outcome
// may be newer than another.
func (r *Report) Outcomes() []Outcome {
	var all []Outcome
	for i := range r.calls() {
		o, _ := r.outcome(i)
		all = append(all, o)
	}
	return all
}

func (r *Report) outcome(i int) (o Outcome, hasResult bool) {
	status, told, took := r.run.Outcome(i, r.waiter())
	if status == "" {
		status = journal.StatusDeferred
	}
	if !status.Final() {
		told.Err = nil // of one that may be queued
	}
	if task := r.run.Task(i); status == journal.StatusDone && task.HasResult && !told.HasResult { // its test has performed it
		if kept, ok := r.run.Kept(i); ok {
			told.Result, told.HasResult = task.Again(kept), true
		}
	}
	return Outcome{
		Task: r.run.Task(i).Spec.Name, Status: status, Result: told.Result, Err: told.Err, Duration: took, EntryID: r.run.EntryID(i),
	}, told.HasResult
}

// calls returns the calls of the run, none for a nil or zero Report.
func (r *Report) calls() []record.Call {
	if r == nil || r.run == nil {
		return nil
	}
	return r.run.Calls
}

// Results returns what the calls of result tasks have returned so far, in the
// order of the list. It leaves out calls that have no result, and duplicates.
func (r *Report) Results() []any {
	var all []any
	for i := range r.calls() {
		if o, ok := r.outcome(i); ok && o.Status != journal.StatusDuplicate {
			all = append(all, o.Result)
		}
	}
	return all
}

// Recorded returns the name of the task for each call that was recorded instead
// of executed, in the order of the list.
func (r *Report) Recorded() []string {
	var names []string
	for i := range r.calls() {
		if r.run.Status(i) == journal.StatusRecorded {
			names = append(names, r.run.Task(i).Spec.Name)
		}
	}
	return names
}

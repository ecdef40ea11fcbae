package saferunner

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/redact"
)

// listRun is one execution of a list of calls, as journals keep it.
type listRun struct {
	ids     string // of the run, then of its calls
	runID   string
	caller  uintptr
	at      time.Time
	records []record
	pending *pending // nil without async calls that execute
	mu      sync.Mutex
}

// record is one call of one run: what the journal is told, and renders when
// somebody looks.
type record struct {
	run    *listRun   // nil for an entry of Put or Forget
	call   Call       // with its arguments as they were passed
	status Status     // guarded by run.mu
	exec   *execution // nil until it executes or is answered; guarded by run.mu
	index  uint32     // place in its list
	size   uint32     // bytes that its arguments hold beside themselves
	seq    uint64     // place in the in-memory journal, which guards it
	bytes  int64      // what the in-memory journal has counted for it
}

// execution is what became of a call that was more than written down.
type execution struct {
	started, finished time.Time // of the first attempt, of the last one
	attempts          []Attempt
	result            any
	resultSize        int64           // bytes that the result holds
	args, resultJSON  json.RawMessage // rendered early, where a copy would share too much
	entry             *Entry          // of Put and Forget: nothing else is set then
}

// A run and its report are one allocation, of a single call with all that
// belongs to it.
type (
	reportedRun struct {
		run    listRun
		report Report
	}
	singleRun struct {
		reportedRun
		records  [1]record
		outcomes [1]Outcome
	}
)

func newRun(runID string, calls []Call, caller uintptr) (*listRun, *Report) {
	var r *reportedRun
	if len(calls) == 1 {
		single := new(singleRun)
		r = &single.reportedRun
		r.run.records, r.report.Outcomes = single.records[:], single.outcomes[:]
	} else {
		r = new(reportedRun)
		r.run.records, r.report.Outcomes = make([]record, len(calls)), make([]Outcome, len(calls))
	}
	run, report := &r.run, &r.report
	run.runID, run.caller, run.at = runID, caller, time.Now()
	run.ids = newIDs(run.at, len(calls)+1)
	report.ID, report.RunID, report.run = run.id(), runID, run
	for i := range calls {
		rec := &run.records[i]
		rec.run, rec.call, rec.index = run, calls[i], uint32(i)
		o := &report.Outcomes[i]
		o.Task, o.EntryID = calls[i].spec().Name, run.entryID(i)
	}
	return run, report
}

func (r *listRun) id() string           { return r.ids[:idLength] }
func (r *listRun) entryID(i int) string { return r.ids[(i+1)*idLength : (i+2)*idLength] }

// callError is the failure of call i at the given attempt, 0 if it was not
// begun.
func (r *listRun) callError(i, attempt int, cause error, stack string) *CallError {
	return &CallError{
		RunID: r.runID, Task: r.records[i].call.spec().Name, EntryID: r.entryID(i),
		Position: i, Attempt: attempt, Err: cause, Stack: stack,
	}
}

// currentStatus returns the status of a record that others may change.
func (r *record) currentStatus() Status {
	if r.run == nil {
		return r.exec.entry.Status
	}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	return r.status
}

func (r *record) setStatus(s Status) {
	r.run.mu.Lock()
	r.status = s
	r.run.mu.Unlock()
}

// update changes the execution, made if there was none, and the status.
func (r *record) update(s Status, change func(*execution)) {
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.exec == nil {
		r.exec = new(execution)
	}
	r.status = s
	change(r.exec)
}

// render makes the entry. The lock is not held while arguments and result
// are encoded: neither changes any more.
func (r *record) render() Entry {
	if r.run == nil {
		return *r.exec.entry
	}
	e := Entry{
		ID: r.id(), RunID: r.run.runID, Run: r.run.id(),
		Task: r.task(), Async: r.call.async, Key: r.key(),
		At: r.run.at, Caller: callsite.String(r.run.caller),
	}
	var result any
	r.run.mu.Lock()
	e.Status = r.status
	if x := r.exec; x != nil {
		e.StartedAt, e.FinishedAt = x.started, x.finished
		e.Args, e.Result, result = x.args, x.resultJSON, x.result
		e.Attempts = slices.Clone(x.attempts)
	}
	r.run.mu.Unlock()
	if e.Args == nil {
		e.Args = redact.JSON(r.call.bound.Pointer())
	}
	if result != nil && e.Result == nil {
		e.Result = redact.JSON(result)
	}
	return e
}

// What a journal asks of a record, be it a call or an entry of Put.

func (r *record) id() string {
	if r.run == nil {
		return r.exec.entry.ID
	}
	return r.run.entryID(int(r.index))
}

func (r *record) task() string {
	if r.run == nil {
		return r.exec.entry.Task
	}
	return r.call.spec().Name
}

func (r *record) key() string {
	if r.run == nil {
		return r.exec.entry.Key
	}
	return r.call.key()
}

func (r *record) runID() string {
	if r.run == nil {
		return r.exec.entry.RunID
	}
	return r.run.runID
}

func (r *record) runOf() string {
	if r.run == nil {
		return r.exec.entry.Run
	}
	return r.run.id()
}

func (r *record) at() time.Time {
	if r.run == nil {
		return r.exec.entry.At
	}
	return r.run.at
}

package saferunner

import (
	"encoding/json"
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
	execs   []execution // one for each record, once one is needed; guarded by mu
	pending *pending    // nil without async calls that execute
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
}

// execution is what became of a call that was more than written down.
type execution struct {
	attempts         []Attempt
	first            [1]Attempt // where attempts begin
	result           any
	resultSize       int64           // bytes that the result holds
	args, resultJSON json.RawMessage // rendered early, where a copy would share too much
	entry            *Entry          // of Put and Forget: nothing else is set then
	counted          int64           // bytes, by the in-memory journal
}

// A run and its report are one allocation, for a short list with all that
// belongs to them.
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
	shortRun struct {
		reportedRun
		records  [4]record
		outcomes [4]Outcome
	}
)

func allocateRun(n int) *reportedRun {
	switch {
	case n == 1:
		r := new(singleRun)
		r.run.records, r.report.Outcomes = r.records[:], r.outcomes[:]
		return &r.reportedRun
	case n <= len(shortRun{}.records):
		r := new(shortRun)
		r.run.records, r.report.Outcomes = r.records[:n:n], r.outcomes[:n:n]
		return &r.reportedRun
	default:
		r := new(reportedRun)
		r.run.records, r.report.Outcomes = make([]record, n), make([]Outcome, n)
		return r
	}
}

func newRun(runID string, calls []Call, caller uintptr) (*listRun, *Report) {
	r := allocateRun(len(calls))
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
	r.status = s
	change(r.execution())
}

// execution returns the record's execution, made if there was none. It is
// called with the lock held, or before the journal has seen the run.
func (r *record) execution() *execution {
	if r.exec != nil {
		return r.exec
	}
	if r.run.execs == nil {
		r.run.execs = make([]execution, len(r.run.records))
	}
	r.exec = &r.run.execs[r.index]
	r.exec.attempts = r.exec.first[:0]
	return r.exec
}

// render makes the entry. The lock is not held while arguments and result
// are encoded: neither changes any more.
func (r *record) render() Entry {
	if r.run == nil {
		return *r.exec.entry
	}
	e := Entry{
		ID: r.id(), RunID: r.run.runID, Run: r.run.id(),
		Task: r.task(), Async: r.call.isAsync(), Key: r.key(),
		At: r.run.at, Caller: callsite.String(r.run.caller),
	}
	var result any
	r.run.mu.Lock()
	e.Status = r.status
	if x := r.exec; x != nil {
		e.Args, e.Result, result = x.args, x.resultJSON, x.result
		e.Attempts = append(e.Attempts, x.attempts...)
	}
	if n := len(e.Attempts); n > 0 {
		e.StartedAt, e.FinishedAt = e.Attempts[0].Started, e.Attempts[n-1].Finished
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

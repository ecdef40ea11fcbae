package saferunner

import (
	"sync"
	"time"

	"github.com/saferunner/saferunner/internal/callsite"
)

// listRun is one execution of a list of calls, as journals keep it.
type listRun struct {
	ids     string // of the run, then of its calls
	runID   string
	caller  uintptr
	at      time.Time
	records []record
	execs   []execution // one for each record, once one is needed; guarded by mu
	pending *pending    // nil without async calls that execute in this process
	outside Journal     // that tells of async calls on another engine; nil without
	sent    []string    // entries of the calls that were handed to it
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

// The records of a short list are one allocation with their run, and its
// outcomes with the report. The two are apart: a journal keeps the run.
type (
	singleRun struct {
		listRun
		space [1]record
	}
	shortRun struct {
		listRun
		space [4]record
	}
	singleReport struct {
		Report
		space [1]Outcome
	}
	shortReport struct {
		Report
		space [4]Outcome
	}
)

func allocateRun(n int) (*listRun, *Report) {
	switch {
	case n == 1:
		run, report := new(singleRun), new(singleReport)
		run.records, report.Outcomes = run.space[:], report.space[:]
		return &run.listRun, &report.Report
	case n <= len(shortRun{}.space):
		run, report := new(shortRun), new(shortReport)
		run.records, report.Outcomes = run.space[:n:n], report.space[:n:n]
		return &run.listRun, &report.Report
	default:
		return &listRun{records: make([]record, n)}, &Report{Outcomes: make([]Outcome, n)}
	}
}

func newRun(runID string, calls []Call, caller uintptr) (*listRun, *Report) {
	run, report := allocateRun(len(calls))
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
		return r.exec.details.entry.Status
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

// render makes the entry. The lock is not held while arguments and result
// are encoded: neither changes any more.
func (r *record) render() Entry {
	if r.run == nil {
		return *r.exec.details.entry
	}
	e := Entry{
		ID: r.id(), RunID: r.run.runID, Run: r.run.id(),
		Task: r.task(), Async: r.call.isAsync(), Key: r.key(),
		At: r.run.at, Caller: callsite.String(r.run.caller),
	}
	var result *keptResult
	r.run.mu.Lock()
	e.Status = r.status
	if x := r.exec; x != nil {
		for _, a := range x.attempts {
			e.Attempts = append(e.Attempts, a.render())
		}
		if d := x.details; d != nil {
			e.Args, result = d.args, d.result
		}
	}
	r.run.mu.Unlock()
	if n := len(e.Attempts); n > 0 {
		e.StartedAt, e.FinishedAt = e.Attempts[0].Started, e.Attempts[n-1].Finished
	}
	if e.Args == nil {
		e.Args = r.call.shown()
	}
	if result != nil {
		if e.Result = result.text; e.Result == nil {
			e.Result = shownJSON(result.value)
		}
	}
	return e
}

// What a journal asks of a record, be it a call or an entry of Put.

func (r *record) id() string {
	if r.run == nil {
		return r.exec.details.entry.ID
	}
	return r.run.entryID(int(r.index))
}

func (r *record) task() string {
	if r.run == nil {
		return r.exec.details.entry.Task
	}
	return r.call.spec().Name
}

func (r *record) key() string {
	if r.run == nil {
		return r.exec.details.entry.Key
	}
	return r.call.key()
}

func (r *record) runID() string {
	if r.run == nil {
		return r.exec.details.entry.RunID
	}
	return r.run.runID
}

func (r *record) runOf() string {
	if r.run == nil {
		return r.exec.details.entry.Run
	}
	return r.run.id()
}

func (r *record) at() time.Time {
	if r.run == nil {
		return r.exec.details.entry.At
	}
	return r.run.at
}

package saferunner

import (
	"context"
	"fmt"
	"time"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// list takes one run through the gate, call by call. It belongs to the
// goroutine of Run. What it may touch without a lock, record.Run says.
type list struct {
	ctx    context.Context
	scope  *scope // of ctx
	runner *Runner
	say    gate.Say
	tx     any                // the caller's transaction; nil without
	passed []record.Arguments // as they were passed

	run    *record.Run
	report *Report
	scopes []scopeContext // for the sync calls that execute
	tasks  situation      // of all of these

	all  gate.Decision // on every call, if same
	same bool          // no task has a rule of its own

	late    *graceContext // for the journal, where ctx can end; nil until it is needed
	attempt attempt       // of the sync call that executes, reused
	now     time.Time     // when the call just before ended, if it was sync
	put     bool          // the in-memory journal has the run
	clean   int           // another journal has the calls before this one as they stand
	queued  int           // calls that are about to be handed to the engine
	err     error         // what stopped the list
}

// A short list is one allocation with the ctx of its calls. Its run is apart,
// since a journal keeps it, and so is its report, since the caller may.
type (
	singleList struct {
		list
		scopes [1]scopeContext
		passed [1]record.Arguments
	}
	shortList struct {
		list
		scopes [4]scopeContext
		passed [4]record.Arguments
	}
	executed struct {
		Report
		record.Waiter
	}
)

func newList(n int) *list {
	switch {
	case n <= 1:
		l := new(singleList)
		l.list.scopes, l.list.passed = l.scopes[:n], l.passed[:n]
		return &l.list
	case n <= len(shortList{}.passed):
		l := new(shortList)
		l.list.scopes, l.list.passed = l.scopes[:n], l.passed[:n]
		return &l.list
	}
	return &list{scopes: make([]scopeContext, n), passed: make([]record.Arguments, n)}
}

// execute takes a run of these calls from its beginning to its end.
func (l *list) execute(runID string, caller uintptr, calls []Call) (*Report, error) {
	l.run = record.New(len(calls))
	l.run.RunID, l.run.Caller, l.run.RecordOnly = runID, caller, l.say.RecordOnly
	copyCalls(l.run, calls, l.runner.rules == nil)
	for i := range calls {
		l.passed[i] = calls[i].args
	}
	e := new(executed)
	e.Report = Report{runID: runID, run: l.run, waiter: &e.Waiter}
	l.report = &e.Report
	l.run.Attach(&e.Waiter)
	l.walk()
	return l.report, l.err
}

// walk takes the calls through the gate, one after the other.
func (l *list) walk() {
	defer l.finish()
	for i := 0; i < len(l.passed) && l.err == nil; {
		if l.ctx.Err() != nil {
			l.err = l.ctxEnded(i)
			return
		}
		if !l.run.Calls[i].Options.IsAsync() {
			l.take(i)
			i++
			continue
		}
		end := i + 1
		for end < len(l.passed) && l.run.Calls[end].Options.IsAsync() {
			end++
		}
		l.async(i, end)
		i = end
	}
}

func (l *list) ctxEnded(i int) error {
	return fmt.Errorf("saferunner: run %q: ctx has ended before call %d: %w", l.run.RunID, i+1, context.Cause(l.ctx))
}

// finish skips what was not reached and writes what was not written. It also
// runs when a task or a stub leaves by Goexit.
func (l *list) finish() {
	r := l.run
	for i := len(r.Calls) - 1; i >= 0 && r.Status(i) == ""; i-- {
		r.Settle(i, journal.StatusSkipped)
	}
	if l.txEngine() != nil {
		l.writeTx()
	} else {
		l.show(len(r.Calls))
	}
	if l.runner.memory != nil {
		l.runner.memory.Grew(r)
	}
	if l.late != nil {
		l.late.end()
	}
	if r.Finish() {
		l.runner.memory.Ended(r, 0, len(r.Calls))
	}
}

// show writes the calls before end that the journal does not have as they
// stand. From then on others see them change.
func (l *list) show(end int) {
	switch {
	case l.txEngine() != nil: // written with the transaction
	case l.runner.memory != nil:
		if !l.put && len(l.run.Calls) > 0 {
			l.put = true
			l.runner.memory.PutRun(l.run)
		}
	case l.clean < end:
		l.runner.write(l.graced(), l.run, l.clean, end)
		l.clean = end
	}
}

// graced is a ctx for the journal: the whole list has one second more than
// its ctx.
func (l *list) graced() context.Context {
	if l.runner.memory != nil || l.ctx.Done() == nil {
		return l.ctx
	}
	if l.late == nil {
		l.late = newGrace(l.ctx, grace)
	}
	return l.late
}

func (l *list) task(i int) *record.Task { return l.passed[i].Task() }

// decide takes call i to the gate.
func (l *list) decide(i int) gate.Decision {
	if l.same {
		return l.all
	}
	return l.say.Decide(l.task(i).Spec.Name)
}

// take takes call i to the gate. A sync one has ended then.
func (l *list) take(i int) {
	if d := l.decide(i); d.Verdict != gate.Executed {
		l.decline(i, d)
	} else {
		l.permit(i, d)
	}
}

// executeSync executes a sync call on this goroutine.
func (l *list) executeSync(i int, d gate.Decision) {
	started := l.now
	if started.IsZero() {
		started = l.run.At
		if i > 0 {
			started = time.Now()
		}
	}
	l.run.Begin(i, started)
	l.show(i + 1)
	l.clean = i                                       // it will change once more
	if l.runner.memory == nil && l.ctx.Err() != nil { // the journal has taken its time
		l.run.Unbegin(i)
		l.err = l.ctxEnded(i)
		return
	}
	c := &l.scopes[i]
	if l.tasks.run == nil {
		l.tasks = l.runner.inTask(l.scope, l.run)
	}
	c.scope = scope{&l.tasks, int32(i), 1}
	a := &l.attempt
	if len(l.runner.middleware) > 0 {
		a = new(attempt) // one may be kept by what a middleware has started
	}
	*a = attempt{
		runner: l.runner, run: l.run, call: i, number: 1, spec: &l.task(i).Spec,
		args: l.passed[i], pass: d.Pass(), ctx: c, ender: l,
	}
	a.execute(l.ctx)
}

// attemptEnded implements attemptEnder.
func (l *list) attemptEnded(_ context.Context, a *attempt, o outcome) {
	l.now = time.Now()
	i := a.call
	l.run.End(i, l.now, a.ending(l.ctx, o), a.keep(o))
	if l.runner.memory != nil {
		l.runner.memory.Grew(l.run)
	}
	if o.err != nil {
		l.failed(i, callError(l.run, i, 1, o.err, o.stack))
		return
	}
	if o.result != nil {
		l.outcome(i).Result = o.result
	}
}

// outcome is what call i returned, for the report.
func (l *list) outcome(i int) *record.Outcome { return l.run.Original(l.report.waiter, i) }

// fail lets a call fail that was not begun, and stops the list unless it is
// best-effort.
func (l *list) fail(i int, cause error, stack string) {
	l.run.Fail(i, failedUnbegun(cause, stack))
	l.failed(i, callError(l.run, i, 0, cause, stack))
}

// failed notes the failure of a call. The first one stops the list.
func (l *list) failed(i int, err *CallError) {
	*l.outcome(i) = record.Outcome{Err: err, ByRun: true}
	if !l.run.Calls[i].Options.IsBestEffort() && l.err == nil {
		l.err = err
	}
}

// callError is the failure of call i at the given attempt, 0 if it was not
// begun.
func callError(r *record.Run, i, attempt int, cause error, stack string) *CallError {
	return &CallError{
		RunID: r.RunID, Task: r.Task(i).Spec.Name, EntryID: r.EntryID(i),
		Position: i, Attempt: attempt, Err: cause, Stack: stack,
	}
}

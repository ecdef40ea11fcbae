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
	tx     any                 // the caller's transaction; nil without
	first  [3]record.Arguments // as they were passed: the caller may reuse its slice
	rest   []record.Arguments

	run   *record.Run
	kept  *originals // nil while there are none, and nothing is queued
	tasks []scope    // for the sync calls; nil until one executes

	all  gate.Decision // on every call, if same
	same bool          // no task has a rule of its own

	now    time.Duration // since the run began: when the call just before ended, if it was sync; 0 for not known
	late   *graceContext // for the journal, where ctx can end; nil until it is needed
	put    bool          // the in-memory journal has the run
	clean  int           // another journal has the calls before this one as they stand
	queued int           // calls that are about to be handed to the engine
	err    error         // what stopped the list
}

// pass keeps what is passed.
func (l *list) pass(calls []Call) {
	if n := len(calls) - len(l.first); n > 0 {
		l.rest = make([]record.Arguments, n)
	}
	for i := range calls {
		if i < len(l.first) {
			l.first[i] = calls[i].args
		} else {
			l.rest[i-len(l.first)] = calls[i].args
		}
	}
}

// passed returns the arguments of call i as they were passed.
func (l *list) passed(i int) record.Arguments {
	if i < len(l.first) {
		return l.first[i]
	}
	return l.rest[i-len(l.first)]
}

// walk takes the calls through the gate, one after the other.
func (l *list) walk() {
	defer l.finish()
	for i := 0; i < len(l.run.Calls) && l.err == nil; {
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
		for end < len(l.run.Calls) && l.run.Calls[end].Options.IsAsync() {
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
	if l.tx != nil && l.txEngine() != nil {
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
	if r.Ended(1) {
		l.runner.memory.Ended(r, 0, len(r.Calls))
	}
}

// show writes the calls before end that the journal does not have as they
// stand. From then on others see them change.
func (l *list) show(end int) {
	switch {
	case l.tx != nil && l.txEngine() != nil: // written with the transaction
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
// its ctx, and the end of a call that comes after that has one of its own.
func (l *list) graced() context.Context {
	if l.runner.memory != nil || l.ctx.Done() == nil {
		return l.ctx
	}
	if l.late == nil {
		l.late = newGrace(l.ctx, grace)
	}
	return l.late
}

func (l *list) task(i int) *record.Task { return l.passed(i).Task() }

// take takes call i to the gate. A sync one has ended then.
func (l *list) take(i int) {
	d := l.all
	if !l.same {
		d = l.say.Decide(l.task(i).Spec.Name)
	}
	if d.Verdict != gate.Executed {
		l.decline(i, d)
	} else {
		l.permit(i, d)
	}
}

// executeSync executes a sync call on this goroutine.
func (l *list) executeSync(i int, d gate.Decision) {
	l.run.Begin(i, l.now)
	l.show(i + 1)
	l.clean = i                                       // it will change once more
	if l.runner.memory == nil && l.ctx.Err() != nil { // the journal has taken its time
		l.run.Unbegin(i)
		l.err = l.ctxEnded(i)
		return
	}
	if l.tasks == nil {
		l.tasks = taskScopes(l.runner.inTask(l.ctx, l.scope, l.run), len(l.run.Calls))
	}
	args := l.passed(i)
	a := attempt{ctx: &l.tasks[i], spec: &args.Task().Spec, args: args, pass: d.Pass()}
	a.execute(func(o outcome) { l.executed(&a, &o) })
}

// executed notes the end of a sync call.
func (l *list) executed(a *attempt, o *outcome) {
	i := int(a.ctx.call)
	if l.late != nil && l.ctx.Err() != nil {
		l.late.end()
		l.late = nil
	}
	e := a.ending(l.ctx, o)
	var kept *record.Kept
	if a.args.Task().HasResult {
		kept = a.keep(o)
	}
	l.now = l.run.End(i, &e, kept)
	if l.runner.memory != nil {
		l.runner.memory.Grew(l.run)
	}
	if o.err != nil {
		l.failed(i, callError(l.run, i, 1, o.err, o.stack))
		return
	}
	if a.args.Task().HasResult {
		l.set(i, record.Outcome{Result: o.result, HasResult: true})
	}
}

// originals are what the list keeps for its report.
func (l *list) originals() *originals {
	if l.kept == nil {
		l.kept = new(originals)
	}
	return l.kept
}

// set keeps what call i returned, for the report.
func (l *list) set(i int, o record.Outcome) { l.run.Set(&l.originals().waiter, i, o) }

// fail lets a call fail that was not begun, and stops the list unless it is
// best-effort.
func (l *list) fail(i int, cause error, stack string) {
	l.run.Fail(i, failedUnbegun(cause, stack))
	l.failed(i, callError(l.run, i, 0, cause, stack))
}

// failed notes the failure of a call. The first one stops the list.
func (l *list) failed(i int, err *CallError) {
	l.set(i, record.Outcome{Err: err, ByRun: true})
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

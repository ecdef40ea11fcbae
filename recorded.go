package saferunner

import (
	"context"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// recordAll records a run of which nothing executes, and nothing answers for
// any call.
func (r *Runner) recordAll(ctx context.Context, run *record.Run) {
	if len(run.Calls) == 0 {
		return
	}
	if r.memory != nil {
		r.memory.PutRun(run)
	} else {
		r.write(ctx, run, 0, len(run.Calls))
	}
	r.noteUnowned(ctx, run)
}

// anyAnswers reports whether WhenRecorded answers for one of the calls.
func anyAnswers(calls []Call) bool {
	for i := range calls {
		if calls[i].task.Answers {
			return true
		}
	}
	return false
}

// decline settles a call that the gate does not let through: it is recorded,
// or answered or failed as its test says.
func (l *list) decline(i int, d gate.Decision) {
	switch d.Verdict {
	case gate.Recorded:
		if task := l.task(i); task.Answers && !l.run.Calls[i].Options.IsAsync() {
			l.answer(i, journal.StatusRecorded, l.ownArguments(i).WhenRecorded)
		} else {
			l.run.Settle(i, journal.StatusRecorded)
		}
		l.runner.noteUnowned(l.ctx, l.run)
	case gate.Stubbed:
		args := l.ownArguments(i).Pointer()
		l.answer(i, journal.StatusStubbed, func() (any, error) { return d.Answer(args) })
	case gate.Faulted:
		l.fault(i, d)
	default:
		l.fail(i, ErrMode, "")
	}
}

// ownArguments returns arguments that a stub may change.
func (l *list) ownArguments(i int) record.Arguments {
	args, _, _ := l.run.Calls[i].Args.Copy()
	return args
}

// fault lets call i fail as its test says. Where the test's function returns
// nil, it is as if there were no fault.
func (l *list) fault(i int, d gate.Decision) {
	args := l.ownArguments(i).Pointer()
	o := guarded(func() (any, error) { return nil, d.Fault(args) })
	if o.err != nil {
		l.failUnexecuted(i, o.err, o.stack)
		return
	}
	if d = l.say.Unfaulted(l.task(i).Spec.Name, d); d.Verdict != gate.Executed {
		l.decline(i, d)
		return
	}
	l.permit(i, d)
}

// answer settles a call with what a stub or WhenRecorded says.
func (l *list) answer(i int, s journal.Status, fn func() (any, error)) {
	o := guarded(fn)
	if o.err != nil {
		l.failUnexecuted(i, o.err, o.stack)
		return
	}
	if task := l.task(i); task.HasResult {
		l.run.Answer(i, task.Keep(o.result, l.run.Key(i) != ""))
		l.set(i, record.Outcome{Result: o.result, HasResult: true})
	}
	l.run.Settle(i, s)
}

// failUnexecuted lets a call fail that the gate did not let through. An async
// one fails as it would for real: Run does not return it, Report.Wait does.
func (l *list) failUnexecuted(i int, cause error, stack string) {
	if !l.run.Calls[i].Options.IsAsync() {
		l.fail(i, cause, stack)
		return
	}
	l.run.Fail(i, failedUnbegun(cause, stack))
	l.set(i, record.Outcome{Err: callError(l.run, i, 0, cause, stack)})
}

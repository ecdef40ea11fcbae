package saferunner

import (
	"context"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// The calls of a short list that is recorded are one allocation with its run
// and its report.
type (
	recording struct {
		Report
		made record.Run
	}
	singleRecording struct {
		recording
		calls [1]record.Call
	}
	shortRecording struct {
		recording
		calls [4]record.Call
	}
)

// recordAll records a list of which nothing executes, and nothing answers for
// any call.
func (r *Runner) recordAll(ctx context.Context, runID string, caller uintptr, recordOnly bool, calls []Call) *Report {
	var rec *recording
	var space []record.Call
	switch n := len(calls); {
	case n == 1:
		s := new(singleRecording)
		rec, space = &s.recording, s.calls[:]
	case n <= len(shortRecording{}.calls):
		s := new(shortRecording)
		rec, space = &s.recording, s.calls[:n:n]
	default:
		rec, space = new(recording), make([]record.Call, n)
	}
	run := &rec.made
	run.RunID, run.Caller, run.RecordOnly = runID, caller, recordOnly
	run.Init(space)
	copyCalls(run, calls, r.rules == nil)
	run.Record()
	rec.Report = Report{runID: runID, run: run}
	if len(calls) == 0 {
		return &rec.Report
	}
	if r.memory != nil {
		r.memory.PutRun(run)
	} else {
		r.write(ctx, run, 0, len(calls))
	}
	r.noteUnowned(ctx, run)
	return &rec.Report
}

// anyAnswers reports whether WhenRecorded answers for one of the calls.
func anyAnswers(calls []Call) bool {
	for i := range calls {
		if calls[i].args.Task().Answers {
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
	task := l.task(i)
	kept := record.Kept{}
	if o.result != nil && task.Keep != nil {
		kept = task.Keep(o.result, l.run.Key(i) != "")
	}
	l.run.Answer(i, kept)
	l.run.Settle(i, s)
	l.outcome(i).Result = o.result
}

// failUnexecuted lets a call fail that the gate did not let through. An async
// one fails as it would for real: Run does not return it, Report.Wait does.
func (l *list) failUnexecuted(i int, cause error, stack string) {
	if !l.run.Calls[i].Options.IsAsync() {
		l.fail(i, cause, stack)
		return
	}
	l.run.Fail(i, failedUnbegun(cause, stack))
	*l.outcome(i) = record.Outcome{Err: callError(l.run, i, 0, cause, stack)}
}

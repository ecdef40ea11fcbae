package saferunner

import (
	"context"
	"fmt"
	"math"
	"time"
)

// list takes one run through the gate, call by call. The status of a record
// is set without its lock until the journal, or an engine, has seen it.
type list struct {
	ctx    context.Context
	runner *Runner
	tx     any // the caller's transaction; nil without
	run    *listRun
	report *Report
	same   bool // every call has the verdict for all: no task has a rule of its own
	forAll verdict
	scopes []scopeContext // for the sync calls that execute
	now    time.Time      // when the call just before ended, if it was sync
	clean  int            // calls before this one are in the journal as they stand
	err    error          // what stopped the list
}

func (l *list) execute() {
	defer l.finish()
	l.forAll, l.same = l.runner.decideAll()
	for i := 0; i < len(l.run.records) && l.err == nil; {
		if l.ctx.Err() != nil {
			l.err = fmt.Errorf("saferunner: run %q: ctx has ended before call %d: %w", l.run.runID, i+1, context.Cause(l.ctx))
			return
		}
		if !l.run.records[i].call.isAsync() {
			l.sync(i)
			i++
			continue
		}
		end := i + 1
		for end < len(l.run.records) && l.run.records[end].call.isAsync() {
			end++
		}
		l.async(i, end)
		i = end
	}
}

// finish skips what was not reached and writes what was not written. It also
// runs when a task or a stub leaves by Goexit.
func (l *list) finish() {
	r := l.run
	for i := len(r.records) - 1; i >= 0 && l.report.Outcomes[i].Status == ""; i-- {
		l.freeze(i)
		l.settle(i, StatusSkipped)
	}
	if l.txEngine() != nil {
		l.writeTx()
	} else {
		l.show(len(r.records))
	}
	if r.pending != nil {
		r.pending.end(nil)
	}
}

// show writes the calls before end that the journal does not have as they
// stand. From then on they change under their lock only.
func (l *list) show(end int) {
	if l.txEngine() != nil {
		return // it is written with the transaction
	}
	if l.clean < end {
		l.runner.write(l.ctx, l.run.records[l.clean:end])
		l.clean = end
	}
}

// decide takes call i to the gate.
func (l *list) decide(i int) decision {
	d := decision{verdict: l.forAll}
	if !l.same {
		d = l.runner.decide(l.report.Outcomes[i].Task)
	}
	if d.verdict == executed && l.tx != nil && l.runner.outside() == nil {
		d.verdict = recorded // no engine takes part in the transaction, which may be rolled back
	}
	return d
}

// freeze makes the record's arguments a copy of what was passed.
func (l *list) freeze(i int) {
	rec := &l.run.records[i]
	own, size, shared := rec.call.bound.copy()
	rec.call.bound = own
	rec.size = uint32(min(size, math.MaxUint32))
	if l.runner.rules == nil && shared {
		rec.freezeJSON()
	}
}

// settle gives a call that nobody else has seen yet its status.
func (l *list) settle(i int, s Status) {
	l.run.records[i].status, l.report.Outcomes[i].Status = s, s
}

// sync takes one sync call to its end.
func (l *list) sync(i int) {
	rec := &l.run.records[i]
	passed := rec.call.bound
	l.freeze(i)
	if d := l.decide(i); d.verdict != executed {
		l.decline(i, d)
		return
	}
	if rec.call.key() == "" || l.claim(i) {
		l.executeSync(i, passed)
	}
}

// decline settles a call that the gate does not let through.
func (l *list) decline(i int, d decision) {
	switch d.verdict {
	case recorded:
		l.settle(i, StatusRecorded)
		if c := l.run.records[i].call; !c.isAsync() && c.bound.definition().answers {
			own, _, _ := c.bound.copy()
			l.answer(i, StatusRecorded, own.whenRecorded)
		}
		l.runner.noteUnowned(&l.run.records[i])
	case stubbed:
		own, _, _ := l.run.records[i].call.bound.copy()
		l.answer(i, StatusStubbed, func() (any, error) { return d.stub(own.Pointer()) })
	case faulted:
		l.failUnexecuted(i, d.fault, "")
	default:
		l.fail(i, ErrMode, "")
	}
}

// answer settles a call with what a stub or WhenRecorded says.
func (l *list) answer(i int, s Status, fn func() (any, error)) {
	result, stack, err := guarded(fn)
	if err != nil {
		l.failUnexecuted(i, err, stack)
		return
	}
	l.settle(i, s)
	l.run.records[i].keepAnswer(result)
	l.report.Outcomes[i].Result = result
}

// failUnexecuted lets a call fail that the gate did not let through. An async
// one fails as it would for real: after Run has returned.
func (l *list) failUnexecuted(i int, cause error, stack string) {
	if !l.run.records[i].call.isAsync() {
		l.fail(i, cause, stack)
		return
	}
	p := l.pending()
	p.add(1)
	p.end(l.run.callError(i, 0, cause, stack))
	l.settle(i, StatusFailed)
	l.report.Outcomes[i].Status = StatusQueued
	l.run.records[i].unbegun(StatusFailed, cause, stack)
}

// fail lets a call fail that was not begun, and stops the list unless it is
// best-effort.
func (l *list) fail(i int, cause error, stack string) {
	l.run.records[i].unbegun(StatusFailed, cause, stack)
	l.failed(i, l.run.callError(i, 0, cause, stack))
}

func (l *list) failed(i int, err *CallError) {
	o := &l.report.Outcomes[i]
	o.Status, o.Err = StatusFailed, err
	if !l.run.records[i].call.isBestEffort() && l.err == nil {
		l.err = err
	}
}

// claim takes the call's key. Where another holds it, or it cannot be taken,
// the call is settled and claim returns false.
func (l *list) claim(i int) bool {
	rec, o := &l.run.records[i], &l.report.Outcomes[i]
	l.show(i) // an earlier call may have given the key back
	l.now = time.Time{}
	holder, err := l.runner.journal.Claim(l.ctx, o.Task, rec.call.key(), o.EntryID)
	switch {
	case err != nil:
		l.fail(i, fmt.Errorf("not executed, since its key %q could not be claimed: %w", rec.call.key(), err), "")
		return false
	case holder == o.EntryID:
		return true
	}
	l.settle(i, StatusDuplicate)
	o.Result = l.runner.heldResult(l.ctx, holder, rec)
	return false
}

// pending is made when the first async call needs it.
func (l *list) pending() *pending {
	if l.run.pending == nil {
		l.run.pending = newPending()
	}
	return l.run.pending
}

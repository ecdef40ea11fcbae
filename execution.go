package saferunner

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/roundtrip"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// execution is what became of a call that was more than written down. It is
// kept small, since a journal keeps many. The lock of its run guards it.
type execution struct {
	attempts []attempt
	first    [1]attempt // where attempts begin
	details  *details   // nil for most
	answered bool       // by a stub or WhenRecorded
}

type attempt struct {
	started, finished int64        // Unix time in nanoseconds; 0: not known, or not yet
	text              *attemptText // nil for one that succeeded here
}

type attemptText struct{ err, stack, worker string }

type details struct {
	result  *keptResult
	args    json.RawMessage // rendered early, where a copy would share too much
	entry   *Entry          // of Put and Forget: nothing else is set then
	counted int64           // bytes, by the in-memory journal
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

func (x *execution) detail() *details {
	if x.details == nil {
		x.details = new(details)
	}
	return x.details
}

// begin opens an attempt.
func (r *record) begin(now time.Time, worker string) {
	a := attempt{started: now.UnixNano()}
	if worker != "" {
		a.text = &attemptText{worker: worker}
	}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	x := r.execution()
	x.attempts = append(x.attempts, a)
	r.status = StatusRunning
}

// end closes the attempt that is open.
func (r *record) end(s Status, now time.Time, result any, err error, stack string) {
	text, kept := errorText(err), r.keep(result)
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	x := r.execution()
	a := &x.attempts[len(x.attempts)-1]
	a.finished = now.UnixNano()
	worker := ""
	if a.text != nil {
		worker = a.text.worker
	}
	if a.text = nil; err != nil || worker != "" {
		a.text = &attemptText{text, stack, worker}
	}
	x.setResult(kept)
	r.status = s
}

// change changes the status if it is the one expected, and reports whether
// it was.
func (r *record) change(from, to Status) bool {
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.status != from {
		return false
	}
	r.status = to
	return true
}

// interrupt marks a call that executes as interrupted, with the reason, and
// reports whether it was executing.
func (r *record) interrupt(cause error) bool {
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	if r.status != StatusRunning {
		return false
	}
	a := &r.exec.attempts[len(r.exec.attempts)-1]
	a.text = &attemptText{err: errorText(cause)}
	r.status = StatusInterrupted
	return true
}

// postpone takes back the attempt that is open, for a call that cannot run
// now.
func (r *record) postpone() {
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	r.exec.attempts = r.exec.attempts[:len(r.exec.attempts)-1]
	r.status = StatusQueued
}

// unbegun gives a call its last status that was not begun, and the reason.
func (r *record) unbegun(s Status, cause error, stack string) {
	text := &attemptText{err: errorText(cause), stack: stack}
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	x := r.execution()
	x.attempts = append(x.attempts, attempt{text: text})
	r.status = s
}

// keepAnswer keeps what a stub or WhenRecorded said.
func (r *record) keepAnswer(result any) {
	kept := r.keep(result)
	x := r.execution()
	x.answered = true
	x.setResult(kept)
}

// keptResult is a faithful copy of what a task returned.
type keptResult struct {
	value any
	size  int64           // bytes that it holds
	text  json.RawMessage // rendered early, where a copy would share too much
}

// keep copies a result, nil for none. It may call the result's methods, so
// no lock is held.
func (r *record) keep(result any) *keptResult {
	if result == nil {
		return nil
	}
	plan := snapshot.PlanOf(reflect.TypeOf(result))
	dup, size, shared := plan.Copy(reflect.ValueOf(result))
	kept := &keptResult{value: dup.Interface(), size: int64(dup.Type().Size()) + size}
	switch {
	case r.key() != "" && roundtrip.PlanOf(dup.Type()).Check(reflect.ValueOf(kept.value)) != nil:
		kept.text, _ = json.Marshal("[does not survive JSON: " + dup.Type().String() + "]") // a string always marshals
	case shared:
		kept.text = redact.JSON(kept.value)
	}
	return kept
}

func (x *execution) setResult(kept *keptResult) {
	if kept != nil {
		x.detail().result = kept
	}
}

// freezeJSON renders the arguments now, where a copy shares too much with
// the original to be read later.
func (r *record) freezeJSON() {
	r.execution().detail().args = redact.JSON(r.call.bound.Pointer())
}

func (a attempt) render() Attempt {
	out := Attempt{Started: unixTime(a.started), Finished: unixTime(a.finished)}
	if a.text != nil {
		out.Error, out.Stack, out.Worker = a.text.err, a.text.stack, a.text.worker
	}
	return out
}

func unixTime(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}

// errorText is what a task's error says, also where its Error panics.
func errorText(err error) (text string) {
	if err == nil {
		return ""
	}
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("%T, whose Error method panics: %v", err, v)
		}
	}()
	return err.Error()
}

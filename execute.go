package saferunner

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// guarded calls what is not ours: a task, a stub, a WhenRecorded function. A
// panic becomes its error.
func guarded(fn func() (any, error)) (result any, stack string, err error) {
	defer func() {
		if v := recover(); v != nil {
			result, stack, err = nil, string(debug.Stack()), &panicError{v}
		}
	}()
	result, err = fn()
	return result, "", err
}

// invoke executes one attempt of a call, within its time, with c as its ctx.
func invoke(ctx context.Context, c *scopeContext, b bound) (result any, stack string, err error) {
	c.Context = ctx
	if limit := b.definition().spec.Timeout; limit > 0 {
		within, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		c.Context = within
	}
	return guarded(func() (any, error) { return b.invoke(c) })
}

// executeSync executes a sync call on this goroutine. If the task leaves by
// Goexit the call is settled on the way out.
func (l *list) executeSync(i int, passed bound) {
	rec, o := &l.run.records[i], &l.report.Outcomes[i]
	started := l.now
	if started.IsZero() {
		started = time.Now()
	}
	rec.begin(started, "")
	l.show(i + 1)
	l.clean = i // it will change once more

	returned := false
	defer func() {
		if !returned {
			rec.end(StatusFailed, time.Now(), nil, ErrGoexit, "")
			l.failed(i, l.run.callError(i, 1, ErrGoexit, ""))
		}
	}()
	result, stack, err := invoke(l.ctx, l.scopeContext(i), passed)
	returned = true

	l.now = time.Now()
	o.Duration = l.now.Sub(started)
	if err != nil {
		rec.end(StatusFailed, l.now, nil, err, stack)
		l.failed(i, l.run.callError(i, 1, err, stack))
		return
	}
	rec.end(StatusDone, l.now, result, nil, "")
	o.Status, o.Result = StatusDone, result
}

// scopeContext returns the ctx for call i. All of a list are one allocation,
// apart from what the journal keeps.
func (l *list) scopeContext(i int) *scopeContext {
	if l.scopes == nil {
		l.scopes = make([]scopeContext, len(l.run.records))
	}
	c := &l.scopes[i]
	c.scope = l.runner.taskScope(l.ctx, &l.run.records[i], 1, false)
	return c
}

// begin opens an attempt.
func (r *record) begin(now time.Time, worker string) {
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	x := r.execution()
	x.attempts = append(x.attempts, Attempt{Started: now, Worker: worker})
	r.status = StatusRunning
}

// end closes the attempt that is open.
func (r *record) end(s Status, now time.Time, result any, err error, stack string) {
	text := errorText(err)
	r.run.mu.Lock()
	defer r.run.mu.Unlock()
	x := r.execution()
	a := &x.attempts[len(x.attempts)-1]
	a.Finished, a.Error, a.Stack = now, text, stack
	if result != nil {
		x.keepResult(result)
	}
	r.status = s
}

// keepResult keeps a faithful copy of what a task returned.
func (x *execution) keepResult(result any) {
	plan := snapshot.PlanOf(reflect.TypeOf(result))
	dup, size := plan.Copy(reflect.ValueOf(result))
	x.result, x.resultSize = dup.Interface(), int64(dup.Type().Size())+size
	if !plan.Exact() {
		x.resultJSON = redact.JSON(x.result)
	}
}

// keepAnswer keeps what a stub or WhenRecorded said.
func (r *record) keepAnswer(result any) {
	if result != nil {
		r.update(r.status, func(x *execution) { x.keepResult(result) })
	}
}

// noteFailure writes down why a call failed that was not begun.
func (r *record) noteFailure(cause error, stack string) {
	text := errorText(cause)
	r.update(StatusFailed, func(x *execution) {
		x.attempts = append(x.attempts, Attempt{Error: text, Stack: stack})
	})
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

// postpone takes back the attempt that is open, for a call that cannot run
// now.
func (r *record) postpone() {
	r.update(StatusQueued, func(x *execution) { x.attempts = x.attempts[:len(x.attempts)-1] })
}

// freezeJSON renders the arguments now, where a copy shares too much with
// the original to be read later.
func (r *record) freezeJSON() {
	r.execution().args = redact.JSON(r.call.bound.Pointer())
}

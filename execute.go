package saferunner

import (
	"context"
	"time"

	callstack "github.com/saferunner/saferunner/internal/stack"
)

// guarded calls what is not ours: a task, a stub, a WhenRecorded function. A
// panic becomes its error.
func guarded(fn func() (any, error)) (result any, stack string, err error) {
	defer func() {
		if v := recover(); v != nil {
			result, stack, err = nil, callstack.Text(0), &panicError{v}
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

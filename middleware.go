package saferunner

import (
	"context"
	"errors"
	"sync"
)

// WithMiddleware makes m wrap every attempt that executes, sync or async, in
// whatever process, and never what is recorded; calls that are let through in
// test mode run without it. The first middleware given is the outermost. It runs
// within the attempt's [Timeout], after the beginning was written down.
//
// m calls next once, with a ctx made from the one that it got, and returns
// its error. Otherwise the attempt fails; the call has not executed if next
// was not called. m may change an error, but cannot turn a failure into
// success. [Permanent] and [Later] keep their meaning, whether they come from
// the task or from m. m is called from several goroutines at once.
func WithMiddleware(m func(ctx context.Context, call CallInfo, next func(context.Context) error) error) Option {
	return func(r *Runner) error {
		if m == nil {
			return errors.New("WithMiddleware: the function is nil")
		}
		r.middleware = append(r.middleware, m)
		return nil
	}
}

type middleware = func(context.Context, CallInfo, func(context.Context) error) error

// What a middleware can do wrong.
var (
	errNextNot   = errors.New("a middleware returned without having called next; the task was not executed")
	errNextTwice = errors.New("a middleware called next more than once; the task was executed once")
	errNextLate  = errors.New("a middleware returned before its call of next had")
	errNextOther = errors.New("a middleware called next with a ctx that was not made from the one it got; the task was not executed")
	errNextOver  = errors.New("a middleware called next after it had returned; the task was not executed")
)

// wrapping is one attempt under its middleware. The task executes at most
// once, and only while the chain has not returned.
type wrapping struct {
	attempt *attempt

	mu       sync.Mutex
	called   bool
	finished bool // the task has returned
	over     bool // the outermost middleware has returned
	wrong    error
	task     outcome
}

// wrapped executes the task through the runner's middleware.
func (a *attempt) wrapped() outcome {
	w := &wrapping{attempt: a}
	info := a.ctx.scope.info()
	next := w.execute
	for i := len(a.runner.middleware) - 1; i >= 0; i-- {
		next = w.layer(a.runner.middleware[i], info, next)
	}
	o := guarded(func() (any, error) { return nil, next(a.ctx) })
	return w.combine(o)
}

// layer returns the next of the layer above m.
func (w *wrapping) layer(m middleware, info CallInfo, next func(context.Context) error) func(context.Context) error {
	once := sync.Mutex{}
	entered := false
	return func(ctx context.Context) error {
		if scopeOf(ctx) != &w.attempt.ctx.scope {
			return w.fault(errNextOther)
		}
		once.Lock()
		twice := entered
		entered = true
		once.Unlock()
		if twice {
			return w.fault(errNextTwice)
		}
		return m(ctx, info, next)
	}
}

// execute is the innermost next.
func (w *wrapping) execute(ctx context.Context) error {
	w.mu.Lock()
	var wrong error
	switch {
	case w.over:
		wrong = errNextOver
	case w.called:
		wrong = errNextTwice
	case scopeOf(ctx) != &w.attempt.ctx.scope:
		wrong = errNextOther
	}
	w.called = w.called || wrong == nil
	w.mu.Unlock()
	if wrong != nil {
		return w.fault(wrong)
	}
	o := w.attempt.invoke(ctx)
	w.mu.Lock()
	w.task, w.finished = o, true
	w.mu.Unlock()
	return o.err
}

// fault notes the first thing that a middleware did wrong.
func (w *wrapping) fault(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong == nil {
		w.wrong = err
	}
	return err
}

// combine makes one outcome of the task's and that of its middleware.
func (w *wrapping) combine(chain outcome) outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	chain.class = classOf(chain.err)
	switch {
	case w.called && !w.finished:
		return outcome{err: errNextLate}
	case w.wrong != nil && (chain.err == nil || w.task.err == nil):
		return outcome{err: w.wrong}
	case chain.err == nil && !w.called:
		return outcome{err: errNextNot}
	case chain.err == nil && w.task.err != nil:
		return w.task
	case chain.err == nil:
		return w.task
	}
	if chain.class == (class{}) {
		chain.class = w.task.class
	}
	if chain.stack == "" {
		chain.stack = w.task.stack
	}
	return chain
}

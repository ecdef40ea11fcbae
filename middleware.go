package saferunner

import (
	"cmp"
	"context"
	"errors"
	"sync"
)

// WithMiddleware makes m wrap each attempt that executes, sync or async, in this
// process or in a worker. Calls that are recorded do not pass m, nor do calls that
// execute in test mode. The first middleware given is the outermost. m runs within
// the [Timeout] of the attempt, after the journal was told that the attempt began.
//
// m has to call next once, with a ctx made from the one that it got, and to wait
// until it returns. Otherwise the attempt fails. If m returns without a call of
// next, the task has not executed. m may change an error, but it cannot turn a
// failure into a success. A panic of the task, or of a middleware further in, is
// an error of next. [Permanent] and [Later] mean the same whether they come from
// the task or from m, also where m puts another error in their place. m is called
// from several goroutines at once. New returns an error if m is nil.
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
	errNextTwice = errors.New("a middleware called next more than once; the task was executed at most once")
	errNextLate  = errors.New("a middleware returned before its call of next did; it has to wait for next")
	errNextOther = errors.New("a middleware called next with a ctx that was not made from the one it got; the task was not executed")
	errNextDry   = errors.New("a middleware put a RecordOnly runner into the ctx; the task was not executed")
	errNextOver  = errors.New("a middleware called next after it had returned; the task was not executed")
)

// wrapping is one attempt under its middleware.
type wrapping struct {
	*attempt
	info  CallInfo
	task  outcome
	stack string // of a middleware's panic
	class class  // of the failure: the outermost that is not zero
}

// wrapped executes the task through the runner's middleware.
func (a *attempt) wrapped(ctx context.Context) outcome {
	w := &wrapping{attempt: a, info: a.ctx.info()}
	err := w.layer(0, ctx)
	if err == nil {
		return w.task
	}
	return outcome{err: err, stack: cmp.Or(w.stack, w.task.stack), class: w.class}
}

// layer calls the middleware at this depth, or the task beneath all of it.
func (w *wrapping) layer(depth int, ctx context.Context) error {
	if depth == len(w.ctx.executes.middleware) {
		return w.execute(ctx)
	}
	n := &next{wrapping: w, depth: depth + 1, returned: make(chan struct{})}
	defer func() { _ = n.close() }() // also when m leaves by Goexit
	o := guarded(func() (any, error) { return nil, w.ctx.executes.middleware[depth](ctx, w.info, n.call) })
	missed := n.close()
	if o.stack != "" {
		w.stack = o.stack
	}
	if o.err != nil {
		w.class = cmp.Or(classOf(o.err), w.class)
		return o.err
	}
	return missed
}

func (w *wrapping) execute(ctx context.Context) error {
	w.task.err = ErrGoexit // unless it returns
	w.task = w.invoke(ctx)
	w.class = w.task.class
	return w.task.err
}

// next is what one middleware is given to call. It goes through three states:
// it can be called; it was called; its middleware has returned, and nothing
// can be called any more. What a middleware has called from another goroutine
// is waited for, so that an attempt ends after its task.
type next struct {
	*wrapping
	depth    int           // of what is called
	returned chan struct{} // closed when that has returned

	mu     sync.Mutex
	called bool
	closed bool
	err    error // why the attempt fails, if its middleware does not say so
}

func (n *next) call(ctx context.Context) error {
	if err := n.begin(ctx); err != nil {
		return err
	}
	err := ErrGoexit // unless it returns
	defer func() {
		n.fail(err)
		close(n.returned)
	}()
	err = n.layer(n.depth, ctx)
	return err
}

// begin refuses a call that the middleware must not make.
func (n *next) begin(ctx context.Context) error {
	s, own := scopeOf(ctx), n.ctx
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	switch {
	case n.closed:
		return errNextOver
	case n.called:
		err = errNextTwice
	case s == nil || s.run != own.run || s.call != own.call || s.attempt != own.attempt:
		err = errNextOther
	case s.recordOnly:
		err = errNextDry
	}
	n.called = n.called || err == nil
	n.err = cmp.Or(n.err, err)
	return err
}

func (n *next) fail(err error) {
	n.mu.Lock()
	n.err = cmp.Or(n.err, err)
	n.mu.Unlock()
}

// close says that the middleware has returned, and returns why the attempt
// fails, if it does.
func (n *next) close() error {
	n.mu.Lock()
	n.closed = true
	called := n.called
	n.mu.Unlock()
	if called {
		select {
		case <-n.returned:
		default:
			n.fail(errNextLate)
			<-n.returned
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !called && n.err == nil {
		return errNextNot
	}
	return n.err
}

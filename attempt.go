package saferunner

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/stack"
)

// attempt is one execution of a call, sync or async, in a list, on a worker
// or by a test's Perform. Whoever makes one has written down that it begins.
type attempt struct {
	ctx  *scope           // of the task: runner, run, call and number of the attempt
	spec *engine.TaskSpec // the limits that hold for it
	args record.Arguments // that the task gets
	pass gate.Pass
}

// outcome is what an attempt came to.
type outcome struct {
	result any
	err    error
	stack  string // of a panic
	class  class  // of err
}

// execute executes the task, or the middleware around it, under a ctx that
// ends after the task's Timeout. It tells ended what that came to: once, also
// when the task panics or leaves by Goexit. ended writes it down, and tells
// who waits for it. The attempt is not kept.
func (a *attempt) execute(ended func(outcome)) {
	o := outcome{err: ErrGoexit}
	defer func() {
		if v := recover(); v != nil {
			o = panicked(v)
		}
		ended(o)
	}()
	var ctx context.Context = a.ctx
	if a.spec.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, a.spec.Timeout)
		defer cancel()
		ctx = limited
	}
	if len(a.ctx.executes.middleware) > 0 && gateIsLive() {
		kept := *a // what a middleware has started may keep it
		o = kept.wrapped(ctx)
		return
	}
	if o.result, o.err = a.args.Invoke(ctx, a.pass); o.err != nil {
		o.class = classOf(o.err)
	}
}

// invoke calls the task's function under a middleware, which is not to see a
// panic.
func (a *attempt) invoke(ctx context.Context) (o outcome) {
	defer o.guard()
	o.result, o.err = a.args.Invoke(ctx, a.pass)
	o.class = classOf(o.err)
	return o
}

// keep copies what the task returned, for the journal; nil if that keeps
// nothing.
func (a *attempt) keep(o *outcome) *record.Kept {
	if o.err != nil || a.args.Task().Keep == nil {
		return nil
	}
	return a.args.Task().Keep(o.result, a.ctx.run.Key(int(a.ctx.call)) != "")
}

func gateIsLive() bool {
	mode, _ := gate.Current()
	return mode == gate.Live
}

// inTask is the situation of the tasks of a run that execute under ctx, of
// which outer is the scope.
func (r *Runner) inTask(ctx context.Context, outer *scope, run *record.Run) situation {
	s := situation{Context: ctx, runner: r, run: run, executes: r, recordOnly: r.recordOnly}
	if outer != nil {
		s.recorder, s.recordOnly, s.worker = outer.recorder, s.recordOnly || outer.recordOnly, outer.worker
	}
	if r.rules != nil {
		s.recorder = r
	}
	return s
}

// taskScope returns the ctx of one task.
func taskScope(s situation, call, attempt int) *scope {
	c := &ownScope{own: s}
	c.scope = scope{&c.own, int32(call), int32(attempt)}
	return &c.scope
}

// Those of a short list are one allocation.
type (
	singleTask struct {
		own situation
		ctx [1]scope
	}
	shortTasks struct {
		own situation
		ctx [3]scope
	}
)

// taskScopes returns those of n calls, at their first attempt.
func taskScopes(s situation, n int) []scope {
	var own *situation
	var all []scope
	switch {
	case n == 1:
		t := &singleTask{own: s}
		own, all = &t.own, t.ctx[:]
	case n <= len(shortTasks{}.ctx):
		t := &shortTasks{own: s}
		own, all = &t.own, t.ctx[:n:n]
	default:
		own, all = new(situation), make([]scope, n)
		*own = s
	}
	for i := range all {
		all[i] = scope{own, int32(i), 1}
	}
	return all
}

// guard turns a panic of what is not ours, a task or a stub, into its error.
// It is deferred.
func (o *outcome) guard() {
	if v := recover(); v != nil {
		*o = panicked(v)
	}
}

// panicked is what has panicked with v. It is called where that is recovered.
func panicked(v any) outcome { return outcome{err: &panicError{v}, stack: stack.Text(0)} }

// guarded calls fn, and turns a panic into its error.
func guarded(fn func() (any, error)) (o outcome) {
	defer o.guard()
	o.result, o.err = fn()
	return o
}

// panicError is the cause of a call whose task panicked.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Is makes the error match ErrPanic.
func (e *panicError) Is(target error) bool { return target == ErrPanic }

// Unwrap returns the panic's value if it was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

package saferunner

import (
	"context"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
)

// attempt is one execution of a call, sync or async, in a list, on a worker
// or by a test's Perform. Whoever makes one has written down that it begins.
type attempt struct {
	runner *Runner
	run    *record.Run
	call   int
	number int              // from 1
	spec   *engine.TaskSpec // the limits that hold for it
	args   record.Arguments // that the task gets
	pass   gate.Pass
	ctx    *scopeContext // of the task: its scope is set, its parent is set by execute
	ender  attemptEnder
}

// attemptEnder writes down how an attempt has ended, and tells who waits for
// it. It is called once, also when the task leaves by Goexit.
type attemptEnder interface {
	attemptEnded(ctx context.Context, a *attempt, o outcome)
}

// outcome is what an attempt came to.
type outcome struct {
	result any
	err    error
	stack  string // of a panic
	class  class  // of err
}

// execute executes the attempt under ctx, within the time of its task.
func (a *attempt) execute(ctx context.Context) {
	returned := false
	defer func() {
		if !returned {
			a.ender.attemptEnded(ctx, a, outcome{err: ErrGoexit})
		}
	}()
	o := a.within(ctx)
	returned = true
	a.ender.attemptEnded(ctx, a, o)
}

// within executes the task, or the middleware around it, under a ctx that
// ends after the task's Timeout.
func (a *attempt) within(ctx context.Context) (o outcome) {
	if a.spec.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, a.spec.Timeout)
		defer cancel()
		ctx = limited
	}
	a.ctx.Context = ctx
	if len(a.runner.middleware) > 0 && gateIsLive() {
		return a.wrapped()
	}
	return a.invoke(a.ctx)
}

// invoke calls the task's function.
func (a *attempt) invoke(ctx context.Context) (o outcome) {
	defer o.guard()
	o.result, o.err = a.args.Invoke(ctx, a.pass)
	o.class = classOf(o.err)
	return o
}

// keep copies what the task returned, for the journal.
func (a *attempt) keep(o outcome) record.Kept {
	if o.result == nil || o.err != nil || a.args.Task().Keep == nil {
		return record.Kept{}
	}
	return a.args.Task().Keep(o.result, a.run.Key(a.call) != "")
}

func gateIsLive() bool {
	mode, _ := gate.Current()
	return mode == gate.Live
}

// taskScope is the scope of the ctx that a task gets, where outer is that of
// the ctx it was run with.
func (r *Runner) taskScope(outer *scope, run *record.Run, call, number int) scope {
	s := scope{runner: r, run: run, call: call, attempt: number, executes: r, recordOnly: r.recordOnly}
	if outer != nil {
		s.recorder, s.recordOnly, s.worker = outer.recorder, s.recordOnly || outer.recordOnly, outer.worker
	}
	if r.rules != nil {
		s.recorder = r
	}
	return s
}

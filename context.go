package saferunner

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/internal/requestctx"
)

// NewContext returns a copy of ctx that carries r. Runs under the returned ctx use
// r, even when called on another Runner; so do [Calls], [Clear] and [Shutdown]. In
// test mode a recorder in ctx comes before r. With a nil r the copy carries no
// runner. A nil ctx stands for [context.Background].
//
// RecordOnly sticks: under a ctx that ever got such a runner no call executes,
// whatever runner is put over it.
func NewContext(ctx context.Context, r *Runner) context.Context {
	return withSituation(ctx, func(s *situation) {
		s.runner = r
		s.recordOnly = s.recordOnly || r != nil && r.recordOnly
	})
}

// withSituation returns ctx with a changed situation.
func withSituation(ctx context.Context, change func(*situation)) context.Context {
	return new(ownScope).set(ctx, change)
}

// ownScope is a scope with a situation of its own.
type ownScope struct {
	scope
	own situation
}

// set makes c ctx with a changed situation.
func (c *ownScope) set(ctx context.Context, change func(*situation)) context.Context {
	if requestctx.IsNil(ctx) {
		ctx = context.Background()
	}
	if s := scopeOf(ctx); s != nil {
		c.scope, c.own = *s, *s.situation
	}
	c.situation, c.own.Context = &c.own, ctx
	change(&c.own)
	return &c.scope
}

// CallInfo tells a task or a middleware which call it executes.
type CallInfo struct {
	RunID   string // the run ID that Run was given
	Run     string // ID of the run
	EntryID string // ID of the call's journal entry
	Task    string // name of the task
	Attempt int    // which attempt this is, from 1
	Key     string // idempotency key of the call, to pass on to a vendor; empty without one
	Async   bool   // whether the call was handed to the engine
}

// Current returns the call that executes under ctx, for a ctx that a task or a
// middleware got, or one made from it. It returns false for any other ctx.
func Current(ctx context.Context) (CallInfo, bool) {
	s := scopeOf(ctx)
	if !s.inTask() {
		return CallInfo{}, false
	}
	return s.info(), true
}

func (s *scope) info() CallInfo {
	return CallInfo{
		RunID: s.run.RunID, Run: s.run.ID(), EntryID: s.run.EntryID(int(s.call)), Task: s.run.Task(int(s.call)).Spec.Name,
		Attempt: int(s.attempt), Key: s.run.Key(int(s.call)), Async: s.run.Calls[s.call].Options.IsAsync(),
	}
}

// Helper marks the function that calls it as a helper, as the method Helper of
// testing.T does. A [Run] in a helper is journaled as called from the line that
// called the helper. Once a program uses Helper, each Run costs a walk up its
// stack; a repeated call of Helper costs little. Helper is safe for concurrent
// use.
func Helper() {
	var pcs [1]uintptr
	if runtime.Callers(2, pcs[:]) == 0 {
		return
	}
	if _, known := helperPCs.LoadOrStore(pcs[0], true); known {
		return
	}
	frame, _ := runtime.CallersFrames(pcs[:]).Next()
	helpers.Store(frame.Function, true)
	haveHelpers.Store(true)
}

var (
	helperPCs   sync.Map // where Helper was called
	helpers     sync.Map // names of functions
	haveHelpers atomic.Bool
)

// beyondHelpers returns where the outermost of the helpers around a call of
// Run was called, or pc, where Run was called.
func beyondHelpers(pc uintptr) uintptr {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	found := false
	for {
		frame, more := frames.Next()
		if found = found || frame.PC+1 == pc; found {
			if _, helper := helpers.Load(frame.Function); !helper {
				return frame.PC + 1
			}
		}
		if !more {
			return pc
		}
	}
}

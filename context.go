package saferunner

import (
	"context"
	"sync/atomic"
)

// CallInfo tells a task which call it is executing.
type CallInfo struct {
	RunID   string // the label that Run was given
	Run     string // ID of the run
	EntryID string // of the call's journal entry
	Task    string // name of the task
	Attempt int    // from 1
	Key     string // the call's idempotency key, to pass on to a vendor
}

// scope is what a ctx carries for saferunner: all of it under one key, so
// that a Run looks once.
type scope struct {
	runner   *Runner
	recorder *Runner // of a test; beats runner
	call     *record // inside a task: the one that it executes
	attempt  int
	worker   bool // inside a task on the in-process engine
}

type scopeKey struct{}

type scopeContext struct {
	context.Context
	scope scope
}

// Value implements context.Context.
func (c *scopeContext) Value(key any) any {
	if key == (scopeKey{}) {
		return &c.scope
	}
	return c.Context.Value(key)
}

// scopeOf returns what ctx carries, nil if nothing. It is not to be changed.
func scopeOf(ctx context.Context) *scope {
	if ctx == nil {
		return nil
	}
	s, _ := ctx.Value(scopeKey{}).(*scope)
	return s
}

// NewContext returns a ctx whose Runs belong to r, also where they are called
// on another Runner. In test mode a recorder in ctx comes before it. A nil r
// takes the runner out again.
func NewContext(ctx context.Context, r *Runner) context.Context {
	c := &scopeContext{Context: ctx}
	if s := scopeOf(ctx); s != nil {
		c.scope = *s
	}
	c.scope.runner = r
	return c
}

// Current returns, inside a task, which call is executing; false elsewhere.
func Current(ctx context.Context) (CallInfo, bool) {
	s := scopeOf(ctx)
	if s == nil || s.call == nil {
		return CallInfo{}, false
	}
	r := s.call
	return CallInfo{RunID: r.runID(), Run: r.runOf(), EntryID: r.id(), Task: r.task(), Attempt: s.attempt, Key: r.key()}, true
}

// taskScope is the scope of the ctx that a task gets.
func (r *Runner) taskScope(ctx context.Context, call *record, attempt int, worker bool) scope {
	s := scope{runner: r, call: call, attempt: attempt, worker: worker}
	if outer := scopeOf(ctx); outer != nil {
		s.recorder = outer.recorder
		s.worker = worker || outer.worker
	}
	if r.rules != nil {
		s.recorder = r
	}
	return s
}

// adopter is the recorder that also owns the calls made without its ctx.
var adopter atomic.Pointer[Runner]

// ownerOf returns the runner that a call belongs to; receiver may be nil.
func ownerOf(s *scope, receiver *Runner) *Runner {
	if s != nil && s.recorder != nil {
		return s.recorder
	}
	if r := adopter.Load(); r != nil {
		return r
	}
	if s != nil && s.runner != nil {
		return s.runner
	}
	if receiver != nil {
		return receiver
	}
	return Default()
}

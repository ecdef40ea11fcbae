package saferunner

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
)

// scope is a ctx that carries what saferunner has to know: all of it under one
// key, so that a Run looks once. It does not change.
type scope struct {
	*situation
	call    int32 // inside a task: the call that it executes
	attempt int32
}

// situation is the part of a scope that the calls of one list share.
type situation struct {
	context.Context             // over which the scope was put
	runner          *Runner     // whose Runs these are
	recorder        *Runner     // of a test; comes before runner
	executes        *Runner     // inside a task: the one that executes it
	run             *record.Run // inside a task: of the call that it executes
	deferred        *heldRuns   // Runs wait for this; nil: they do not wait
	recordOnly      bool        // a RecordOnly runner was ever put into this ctx
	noCaller        bool        // Runs do not say where they were called
	worker          bool        // inside a task on the in-process engine
}

func (s *scope) inTask() bool { return s != nil && s.run != nil }

// taskOf returns the scope of the innermost task around s that r executes, nil
// if there is none, or they have ended.
func (s *scope) taskOf(r *Runner) *scope {
	for ; s.inTask(); s = scopeOf(s.Context) {
		if s.executes == r && s.run.Executes(int(s.call), int(s.attempt)) {
			return s
		}
	}
	return nil
}

type scopeKey struct{}

// Value implements [context.Context].
func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// scopeOf returns what ctx carries, nil if nothing. It is not to be changed.
func scopeOf(ctx context.Context) *scope {
	if requestctx.IsNil(ctx) {
		return nil
	}
	s, _ := ctx.Value(scopeKey{}).(*scope)
	switch ctx.(type) {
	case *scope: // made with what is beneath
		return s
	}
	if s == nil && ctx == context.Background() {
		return nil
	}
	request := requestctx.Of(ctx)
	// What is beneath the ctx of a task may be of a request that has ended.
	if request == nil && s == nil {
		request = requestctx.Beneath(ctx)
	}
	if request == nil {
		return s
	}
	hidden, _ := request.Value(scopeKey{}).(*scope)
	return s.with(hidden)
}

// with returns s with what the ctx of its request carries: its runner only
// where s is nil, its Defer only outside of a task.
func (s *scope) with(hidden *scope) *scope {
	switch {
	case s == nil || hidden == nil || hidden == s:
		return cmp.Or(s, hidden)
	case (s.recordOnly || !hidden.recordOnly) && (s.recorder != nil || hidden.recorder == nil) &&
		(s.deferred != nil || hidden.deferred == nil || s.inTask()):
		return s
	}
	both := &situation{}
	*both = *s.situation
	both.recordOnly = s.recordOnly || hidden.recordOnly
	both.recorder = cmp.Or(s.recorder, hidden.recorder)
	if !s.inTask() {
		both.deferred = cmp.Or(s.deferred, hidden.deferred)
	}
	return &scope{both, s.call, s.attempt}
}

// ownerOf returns the runner that a call belongs to, and whether one that has
// a say is RecordOnly. The receiver may be nil.
//
// It is the recorder in ctx, else the runner in ctx, else the receiver or
// Default. A recorder that owns unowned calls comes instead of one that is no
// recorder's. A say have the owner, the runner that would be it without a
// recorder, the receiver, and whatever was put into ctx.
func ownerOf(s *scope, receiver *Runner) (owner *Runner, recordOnly bool) {
	recordOnly = s != nil && s.recordOnly || receiver != nil && receiver.recordOnly
	switch {
	case s != nil && s.recorder != nil:
		if d := defaultRunner.Load(); s.runner == nil && receiver == nil && d != nil {
			recordOnly = recordOnly || d.recordOnly
		}
		return s.recorder, recordOnly
	case s != nil && s.runner != nil:
		owner = s.runner
	case receiver != nil:
		owner = receiver
	default:
		owner = Default()
	}
	recordOnly = recordOnly || owner.recordOnly
	if owner.rules == nil {
		if a := adopting.Load(); a != nil {
			return a, recordOnly
		}
	}
	return owner, recordOnly
}

// adopters are the recorders that own unowned calls, the latest last. Each
// takes itself out, in whatever order they end. adoptersMu guards the list; a Run
// reads only the latest, without a lock.
var (
	adoptersMu sync.Mutex
	adopters   []*Runner
	adopting   atomic.Pointer[Runner] // the latest; nil without
)

func adopt(r *Runner) (end func()) {
	change := func(next []*Runner) {
		adopters = next
		var latest *Runner
		if len(next) > 0 {
			latest = next[len(next)-1]
		}
		adopting.Store(latest)
	}
	adoptersMu.Lock()
	defer adoptersMu.Unlock()
	change(append(slices.Clone(adopters), r))
	return func() {
		adoptersMu.Lock()
		defer adoptersMu.Unlock()
		change(slices.DeleteFunc(slices.Clone(adopters), func(a *Runner) bool { return a == r }))
	}
}

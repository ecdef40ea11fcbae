package saferunner

import (
	"context"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/internal/record"
)

// scope is what a ctx carries for saferunner: all of it under one key, so
// that a Run looks once. It does not change.
type scope struct {
	*situation
	call    int32 // inside a task: the call that it executes
	attempt int32
}

// situation is the part of a scope that the calls of one list share.
type situation struct {
	runner     *Runner     // whose Runs these are
	recorder   *Runner     // of a test; comes before runner
	executes   *Runner     // inside a task: the one that executes it
	run        *record.Run // inside a task: of the call that it executes
	recordOnly bool        // a RecordOnly runner was ever put into this ctx
	noCaller   bool        // Runs do not say where they were called
	worker     bool        // inside a task on the in-process engine
}

func (s *scope) inTask() bool { return s != nil && s.run != nil }

func (s *scope) inWorker() bool { return s != nil && s.worker }

type scopeKey struct{}

type scopeContext struct {
	context.Context
	scope scope
}

// Value implements [context.Context].
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
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		return s
	}
	if ctx == context.Background() {
		return nil
	}
	if request := requestContext(ctx); request != nil {
		s, _ := request.Value(scopeKey{}).(*scope)
		return s
	}
	return nil
}

// ownerOf returns the runner that a call belongs to, and whether one that has
// a say is RecordOnly. The receiver may be nil.
//
// It is the recorder in ctx, else the runner in ctx, else the receiver or
// Default. A recorder that owns unowned calls comes instead of one that is no
// recorder's.
func ownerOf(s *scope, receiver *Runner) (owner *Runner, recordOnly bool) {
	recordOnly = s != nil && s.recordOnly || receiver != nil && receiver.recordOnly
	switch {
	case s != nil && s.recorder != nil:
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

// requestContext returns the ctx of the request that ctx stands for and
// hides, as a *gin.Context does: it has a field Request of type *http.Request.
// It returns nil for any other ctx.
func requestContext(ctx context.Context) context.Context {
	if request := fieldContext(ctx); request != nil {
		return request
	}
	if !ginInBuild() {
		return nil
	}
	// Beneath what package context has put over it, a *gin.Context can be asked
	// for itself.
	if c, ok := ctx.Value("_gin-gonic/gin/contextkey").(context.Context); ok {
		return fieldContext(c)
	}
	return nil
}

// requestFields remembers for each type of ctx the index of its field
// Request, or -1.
var requestFields sync.Map

func fieldContext(ctx context.Context) context.Context {
	t := reflect.TypeOf(ctx)
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil
	}
	index, ok := requestFields.Load(t)
	if !ok {
		index = -1
		if f, ok := t.Elem().FieldByName("Request"); ok && len(f.Index) == 1 && f.Type.String() == "*http.Request" {
			index = f.Index[0]
		}
		requestFields.Store(t, index)
	}
	v := reflect.ValueOf(ctx)
	if index.(int) < 0 || v.IsNil() {
		return nil
	}
	request, ok := v.Elem().Field(index.(int)).Interface().(interface{ Context() context.Context })
	if !ok || reflect.ValueOf(request).IsNil() {
		return nil
	}
	return request.Context()
}

// ginInBuild reports whether the program may hold gin. A test binary does not
// say what it is built of.
var ginInBuild = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	isGin := func(m *debug.Module) bool { return m.Path == "github.com/gin-gonic/gin" }
	return !ok || len(info.Deps) == 0 || slices.ContainsFunc(info.Deps, isGin)
})

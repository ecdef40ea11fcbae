package saferunner

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/roundtrip"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// Task is a named unit of side-effecting work without a result, made by
// [Define]. It is safe for concurrent use. All its methods but Name and With
// need a task that is not nil.
type Task[In any] struct{ core *core[In] }

// ResultTask is a [Task] whose function also returns a value, made by
// [DefineResult].
type ResultTask[In, Out any] struct{ core *core[In] }

// Named is a task of any type. Only tasks implement it.
type Named interface {
	// Name returns the name that the task was defined with.
	Name() string
	definition() *definition
}

// Definition is a task of either kind that takes In.
type Definition[In any] interface {
	Named
	// With binds the task to its arguments.
	With(In) Call
}

// Define makes a task: fn, under a name by which it is journaled, forced and
// stubbed. Keep fn unexported, so that nobody can go around the task, and
// give the task itself to whoever may use it:
//
//	var SendSMS = saferunner.Define("sms.send", sendSMS)
//
// A name has 2 to 128 letters, digits and . _ - /, and begins with a letter.
// Define panics on another one, on a nil function and on a bad option: these
// are mistakes in the program, found when it starts. The same name may be
// defined again, as when each instance of a type defines its methods.
func Define[In any](name string, fn func(context.Context, In) error, opts ...TaskOption) *Task[In] {
	if fn == nil {
		panic(fmt.Sprintf("saferunner: Define(%q): the function is nil", name))
	}
	call := func(ctx context.Context, in In) (any, error) { return nil, fn(ctx, in) }
	return &Task[In]{newCore(name, call, nil, nil, opts)}
}

// DefineResult is [Define] for a function that returns a value beside its
// error.
func DefineResult[In, Out any](name string, fn func(context.Context, In) (Out, error), opts ...TaskOption) *ResultTask[In, Out] {
	if fn == nil {
		panic(fmt.Sprintf("saferunner: DefineResult(%q): the function is nil", name))
	}
	call := func(ctx context.Context, in In) (any, error) { return fn(ctx, in) }
	return &ResultTask[In, Out]{newCore(name, call, reflect.TypeFor[Out](), decodeResult[Out], opts)}
}

// core is what tasks and their calls share.
type core[In any] struct {
	def    definition
	call   func(context.Context, In) (any, error)
	answer func(In) (any, error) // of WhenRecorded
}

// definition is the part of a task that does not depend on its types.
type definition struct {
	spec      TaskSpec
	defined   uintptr // where
	answers   bool    // it has a WhenRecorded function
	arguments *snapshot.Plan
	wire      *roundtrip.Plan
	shown     *redact.Plan                         // of the arguments
	out       reflect.Type                         // nil for a task without a result
	result    func(json.RawMessage) (any, error)   // decodes one
	decode    func(json.RawMessage) (bound, error) // arguments that crossed an engine
}

func newCore[In any](name string, call func(context.Context, In) (any, error), out reflect.Type, result func(json.RawMessage) (any, error), opts []TaskOption) *core[In] {
	if err := checkName(name); err != nil {
		panic(fmt.Sprintf("saferunner: Define(%q): %v", name, err))
	}
	in := reflect.TypeFor[In]()
	c := &core[In]{call: call}
	c.def = definition{
		spec:      TaskSpec{Name: name},
		defined:   callsite.Caller(1),
		arguments: snapshot.PlanOf(in),
		wire:      roundtrip.PlanOf(in),
		shown:     shownPlan(name, in),
		out:       out,
		result:    result,
	}
	shownPlan(name, out)
	c.def.decode = c.decode
	for _, option := range opts {
		if option == nil {
			panic(fmt.Sprintf("saferunner: Define(%q): an option is nil", name))
		}
		if err := option(&c.def.spec); err != nil {
			panic(fmt.Sprintf("saferunner: Define(%q): %v", name, err))
		}
	}
	knownTasks.Store(name, struct{}{})
	return c
}

// shownPlan panics where a tag that ought to hide something is misspelt.
func shownPlan(name string, t reflect.Type) *redact.Plan {
	plan, _, err := redact.PlanOf(t)
	if err != nil {
		panic(fmt.Sprintf("saferunner: Define(%q): %v", name, err))
	}
	return plan
}

// knownTasks holds the name of every task that was defined, to tell which
// forced names no task bore.
var knownTasks sync.Map

const (
	minName = 2
	maxName = 128
)

func checkName(name string) error {
	if len(name) < minName || len(name) > maxName {
		return fmt.Errorf("a name has %d to %d characters", minName, maxName)
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		other := '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-' || c == '/'
		if !letter && (!other || i == 0) {
			return fmt.Errorf("a name consists of letters, digits and . _ - /, and begins with a letter")
		}
	}
	return nil
}

// Name returns the name that the task was defined with, empty for nil.
func (t *Task[In]) Name() string {
	if t == nil {
		return ""
	}
	return t.core.def.spec.Name
}

// With binds the task to its arguments. Of a nil task it makes a call that
// Run refuses with [ErrNoTask].
func (t *Task[In]) With(in In) Call {
	if t == nil {
		return Call{}
	}
	return Call{bound: &arguments[In]{t.core, in}}
}

// Do is [Run] of one sync call.
func (t *Task[In]) Do(ctx context.Context, runID string, in In) error {
	_, err := run(ctx, nil, callsite.Caller(0), runID, []Call{t.With(in)})
	return err
}

func (t *Task[In]) definition() *definition {
	if t == nil {
		return nil
	}
	return &t.core.def
}

// Name returns the name that the task was defined with, empty for nil.
func (t *ResultTask[In, Out]) Name() string {
	if t == nil {
		return ""
	}
	return t.core.def.spec.Name
}

// With binds the task to its arguments. Of a nil task it makes a call that
// Run refuses with [ErrNoTask].
func (t *ResultTask[In, Out]) With(in In) Call {
	if t == nil {
		return Call{}
	}
	return Call{bound: &arguments[In]{t.core, in}}
}

// Do is [Run] of one sync call, and its result: [ResultTask.Result].
func (t *ResultTask[In, Out]) Do(ctx context.Context, runID string, in In) (Out, error) {
	report, err := run(ctx, nil, callsite.Caller(0), runID, []Call{t.With(in)})
	if err != nil {
		var zero Out
		return zero, err
	}
	return t.Result(report)
}

func (t *ResultTask[In, Out]) definition() *definition {
	if t == nil {
		return nil
	}
	return &t.core.def
}

// WhenRecorded returns a copy of the task whose calls are answered by fn in
// record mode, where they do not execute: with it a staging server goes on
// with a plausible value. A stub of a test comes before it. fn is not called
// for async calls, nor where the call executes.
func (t *ResultTask[In, Out]) WhenRecorded(fn func(In) (Out, error)) *ResultTask[In, Out] {
	if t == nil || fn == nil {
		panic("saferunner: WhenRecorded: the task or the function is nil")
	}
	c := *t.core
	c.answer = func(in In) (any, error) { return fn(in) }
	c.def.answers = true
	c.def.decode = c.decode
	return &ResultTask[In, Out]{&c}
}

package saferunner

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/roundtrip"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// Task is a named side effect without a result, made by [Define]. On a nil or
// zero Task, Name returns the empty string, and With a Call that [Run] rejects
// with [ErrNoTask]. A Task is safe for concurrent use.
type Task[In any] struct{ core *core[In] }

// Named is a task of any type, a [*Task] or a [*ResultTask]. No other type
// implements it.
type Named interface {
	// Name returns the name that the task was defined with.
	Name() string
	task() *record.Task
}

// Definition is a task of either kind whose arguments are of type In. No other
// type than [*Task] and [*ResultTask] implements it.
type Definition[In any] interface {
	Named
	// With returns a call of the task with these arguments.
	With(In) Call
}

// Define makes a task from fn. The name stands in the journal, and is what
// forces and stubs the task. Keep fn unexported, so that the task is the only
// way to it:
//
//	var SendSMS = saferunner.Define("sms.send", sendSMS)
//
// A name has 2 to 128 letters, digits and . _ - /, and begins with a letter.
// Define panics on any other name, on a nil function, on a bad option, and on a
// type of arguments that has a bad saferunner tag. These are mistakes in the
// program, and show when it starts.
//
// A name may be defined more than once, as when each instance of a type defines
// its methods. Two tasks of one name are journaled, forced and stubbed as one.
func Define[In any](name string, fn func(context.Context, In) error, opts ...TaskOption) *Task[In] {
	if fn == nil {
		panic(fmt.Sprintf("saferunner: Define(%q): the function is nil", name))
	}
	call := func(ctx context.Context, in In) (any, error) { return nil, fn(ctx, in) }
	c, err := newCore(name, call, nil, opts)
	if err != nil {
		panic(fmt.Sprintf("saferunner: Define(%q): %v", name, err))
	}
	return &Task[In]{c}
}

// core is what a task and its calls share.
type core[In any] struct {
	record.Task
	call   func(context.Context, In) (any, error)
	answer func(In) (any, error) // of WhenRecorded
	copies *snapshot.Plan
	wire   *roundtrip.Plan
	shown  *redact.Plan
}

// newCore makes the core of a task whose function returns out, nil for
// nothing.
func newCore[In any](name string, call func(context.Context, In) (any, error), out reflect.Type, opts []TaskOption) (*core[In], error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	o := taskOptions{}
	for _, option := range opts {
		if err := o.take(option); err != nil {
			return nil, err
		}
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	o.spec.Name = name
	in := reflect.TypeFor[In]()
	shown, unknown, err := redact.PlanOf(in, o.redact...)
	if err != nil {
		return nil, err
	}
	c := &core[In]{call: call, copies: snapshot.PlanOf(in), wire: roundtrip.PlanOf(in), shown: shown}
	c.Task = record.Task{
		Spec: o.spec, Defined: callsite.Caller(1), Redacts: o.redact, ReadArguments: c.read,
		Own: c.own, Bytes: int64(in.Size()), Flat: c.copies.Flat(), Fixed: c.copies.Fixed(), Sound: c.copies.Always(), Survives: c.copies.Always() && c.wire.Always(),
	}
	if out != nil {
		if unknown, err = c.returns(out, o.redact, unknown); err != nil {
			return nil, err
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("Redact(%q): %s has no such field", unknown[0], in)
	}
	knownTasks.Store(name, struct{}{})
	return c, nil
}

// knownTasks holds the name of every task that was defined, to tell which
// forced names no task has.
var knownTasks sync.Map

const (
	minName = 2
	maxName = 128
)

func checkName(name string) error {
	if len(name) < minName || len(name) > maxName {
		return fmt.Errorf("a name has %d to %d characters, and this one has %d", minName, maxName, len(name))
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

// Name returns the name that the task was defined with. On a nil or zero task
// it returns the empty string.
func (t *Task[In]) Name() string {
	if t == nil || t.core == nil {
		return ""
	}
	return t.core.Spec.Name
}

// With returns a call of the task with these arguments. They are data, and
// [Run] copies them. Do not pass a service, such as a client or a cache: let the
// function of the task capture it. On a nil or zero task With returns the zero
// Call, which Run rejects with [ErrNoTask].
func (t *Task[In]) With(in In) Call {
	if t == nil || t.core == nil {
		return Call{}
	}
	return Call{task: &t.core.Task, args: &arguments[In]{t.core, in}}
}

// Do runs a list of one sync call, as [Run] does, and returns its error. In
// test mode it records the call and returns nil.
func (t *Task[In]) Do(ctx context.Context, runID string, in In) error {
	_, err := run(ctx, nil, callsite.Caller(0), nil, runID, []Call{t.With(in)})
	return err
}

func (t *Task[In]) task() *record.Task {
	if t == nil || t.core == nil {
		return nil
	}
	return &t.core.Task
}

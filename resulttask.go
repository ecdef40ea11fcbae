package saferunner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/payload"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/roundtrip"
	"github.com/saferunner/saferunner/internal/snapshot"
	"github.com/saferunner/saferunner/journal"
)

// ResultTask is a named side effect that returns a value, made by
// [DefineResult]. It is safe for concurrent use.
type ResultTask[In, Out any] struct{ core *core[In] }

// DefineResult makes a task from a function that returns a value and an error.
// It panics where [Define] does, and on a bad saferunner tag in the type of the
// value.
func DefineResult[In, Out any](name string, fn func(context.Context, In) (Out, error), opts ...TaskOption) *ResultTask[In, Out] {
	if fn == nil {
		panic(fmt.Sprintf("saferunner: DefineResult(%q): the function is nil", name))
	}
	call := func(ctx context.Context, in In) (any, error) { return fn(ctx, in) }
	c, err := newCore(name, call, reflect.TypeFor[Out](), opts)
	if err != nil {
		panic(fmt.Sprintf("saferunner: DefineResult(%q): %v", name, err))
	}
	return &ResultTask[In, Out]{c}
}

// returns says how the task's results, of type out, are kept, shown and read
// back. It returns those of the unknown paths that out does not have either.
func (c *core[In]) returns(out reflect.Type, paths, unknown []string) ([]string, error) {
	shown, missing, err := redact.PlanOf(out, paths...)
	if err != nil {
		return nil, err
	}
	r := results{out: out, shown: shown}
	c.HasResult, c.Keep, c.Again, c.ReadResult = true, r.keep, r.again, r.read
	var neither []string
	for _, path := range unknown {
		for _, other := range missing {
			if path == other {
				neither = append(neither, path)
			}
		}
	}
	return neither, nil
}

// results is what there is to know of what a task returns.
type results struct {
	out   reflect.Type
	shown *redact.Plan
}

// keep copies what a task returned. It may call methods of the result.
func (r results) keep(result any, keyed bool) *record.Kept {
	if result == nil { // of an interface type
		return &record.Kept{Shown: func() json.RawMessage { return json.RawMessage("null") }}
	}
	dup, bytes, shares := snapshot.PlanOf(reflect.TypeOf(result)).Copy(reflect.ValueOf(result))
	kept := &record.Kept{Value: dup.Interface(), Bytes: int64(dup.Type().Size()) + bytes}
	switch {
	case keyed && roundtrip.PlanOf(dup.Type()).Check(dup, r.shown) != nil:
		text, _ := json.Marshal("[does not survive JSON: " + dup.Type().String() + "]") // a string always marshals
		kept.Shown = func() json.RawMessage { return text }
	case shares: // it is shown as it is now
		text := r.show(dup)
		kept.Bytes += int64(len(text))
		kept.Shown = func() json.RawMessage { return text }
	default:
		kept.Shown = func() json.RawMessage { return r.show(dup) }
	}
	return kept
}

func (r results) show(v reflect.Value) json.RawMessage {
	if r.out.Kind() != reflect.Interface {
		return r.shown.JSON(v)
	}
	boxed := reflect.New(r.out).Elem()
	boxed.Set(v)
	return r.shown.JSON(boxed)
}

func (results) again(kept any) any {
	if kept == nil {
		return nil
	}
	dup, _, _ := snapshot.PlanOf(reflect.TypeOf(kept)).Copy(reflect.ValueOf(kept))
	return dup.Interface()
}

// read reads a result back from the journal. One that may hold redacted
// fields cannot be read back, nor one of an interface type.
func (r results) read(raw json.RawMessage) (any, error) {
	if !r.shown.None() && r.shown.InType() || r.out.Kind() == reflect.Interface {
		return nil, ErrRedacted
	}
	v := reflect.New(r.out)
	if err := payload.Unmarshal(raw, v.Interface()); err != nil {
		return nil, err
	}
	return v.Elem().Interface(), nil
}

// Name returns the name that the task was defined with. On a nil or zero task
// it returns the empty string.
func (t *ResultTask[In, Out]) Name() string {
	if t == nil || t.core == nil {
		return ""
	}
	return t.core.Spec.Name
}

// With returns a call of the task with these arguments, as [Task.With] does.
func (t *ResultTask[In, Out]) With(in In) Call {
	if t == nil || t.core == nil {
		return Call{}
	}
	return Call{task: &t.core.Task, args: &arguments[In]{t.core, in}}
}

// Do runs a list of one sync call, as [Run] does, and returns the result of the
// call or the error that [ResultTask.Result] returns.
func (t *ResultTask[In, Out]) Do(ctx context.Context, runID string, in In) (Out, error) {
	if s := scopeOf(ctx); s != nil && s.deferred != nil {
		var zero Out
		return zero, fmt.Errorf("saferunner: run %q: Do of %s under Defer: its result does not exist before Commit; nothing was executed; use Run", runID, t.Name())
	}
	report, err := run(ctx, nil, callsite.Caller(0), nil, runID, []Call{t.With(in)})
	if err != nil {
		var zero Out
		return zero, err
	}
	return t.Result(report)
}

func (t *ResultTask[In, Out]) task() *record.Task {
	if t == nil || t.core == nil {
		return nil
	}
	return &t.core.Task
}

// WhenRecorded returns a copy of the task whose sync calls return what fn
// returns when they are recorded instead of executed. With it, code on a staging
// server goes on with a plausible value. If fn returns an error, the call fails
// with it. A stub of a test comes before fn. fn gets a copy of the arguments, on
// the goroutine of Run, and may be called from several goroutines at once.
// WhenRecorded panics on a nil task or function.
func (t *ResultTask[In, Out]) WhenRecorded(fn func(In) (Out, error)) *ResultTask[In, Out] {
	if t == nil || t.core == nil || fn == nil {
		panic("saferunner: WhenRecorded: the task or the function is nil")
	}
	c := *t.core
	c.answer = func(in In) (any, error) { return fn(in) }
	c.Answers = true
	c.ReadArguments, c.Own = c.read, c.own
	return &ResultTask[In, Out]{&c}
}

// Result returns what the first call of the task in the report returned. If
// there is no result, the error says why: it is the error of the call,
// [ErrRecorded] if the call was recorded or the list has none of the task,
// [ErrDuplicate] if another call holds the key and its result is not known, or
// [ErrSkipped] if an earlier call failed. An async call has its result after
// [Report.Wait].
func (t *ResultTask[In, Out]) Result(r *Report) (Out, error) {
	var zero Out
	for i := range r.calls() {
		if r.run.Task(i).Spec.Name == t.Name() {
			return resultOf[Out](r, i)
		}
	}
	return zero, fmt.Errorf("saferunner: run %q has no call to %s: %w", r.RunID(), t.Name(), ErrRecorded)
}

// Results returns what the calls of the task have returned so far, in the order
// of the list. It leaves out calls that have no result, and duplicates.
func (t *ResultTask[In, Out]) Results(r *Report) []Out {
	var all []Out
	for i := range r.calls() {
		if r.run.Task(i).Spec.Name != t.Name() || r.run.Status(i) == journal.StatusDuplicate {
			continue
		}
		if out, err := resultOf[Out](r, i); err == nil {
			all = append(all, out)
		}
	}
	return all
}

func resultOf[Out any](r *Report, i int) (Out, error) {
	var zero Out
	o, hasResult := r.outcome(i)
	switch {
	case o.Err != nil:
		return zero, o.Err
	case hasResult:
		out, ok := o.Result.(Out)
		if !ok && o.Result != nil { // nil is that of an interface type
			return zero, fmt.Errorf("saferunner: run %q: %s returned %T, not %s: two tasks have this name", r.RunID(), o.Task, o.Result, reflect.TypeFor[Out]())
		}
		return out, nil
	}
	return zero, noResult(r.RunID(), o)
}

// noResult says why a call that has not failed has no result.
func noResult(runID string, o Outcome) error {
	cause := ErrRecorded
	hint := "so it has no result; in a test answer it with saferunnertest.Stub, in staging with WhenRecorded"
	switch o.Status {
	case journal.StatusDuplicate:
		cause, hint = ErrDuplicate, "and its result is not known"
	case journal.StatusSkipped:
		cause, hint = ErrSkipped, "an earlier one failed"
	case journal.StatusDeferred:
		cause, hint = errors.New("it waits for its transaction"), "its result exists after Commit of its Defer"
	case journal.StatusQueued, journal.StatusRunning:
		cause, hint = errors.New("it is async and has not ended"), "wait for it with Report.Wait"
	case journal.StatusDone:
		cause, hint = errors.New("its result is not known to this process"), "it may hold redacted fields"
	}
	return fmt.Errorf("saferunner: run %q: %s: %w, %s", runID, o.Task, cause, hint)
}

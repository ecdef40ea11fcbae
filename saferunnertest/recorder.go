package saferunnertest

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/door"
	"github.com/saferunner/saferunner/internal/snapshot"
	"github.com/saferunner/saferunner/journal"
)

// core is what the root package lets the test kit do.
var core = door.Open[saferunner.Call, *saferunner.Runner]()

// drainLimit bounds how long the end of a test waits for forced async calls.
const drainLimit = 10 * time.Second

// Recorder owns the calls that are run with its ctx or on its runner. It belongs to
// one test. No call executes but what the test forces or performs.
//
// All methods are safe for concurrent use. They report failures with t.Error and
// never stop the test, so any goroutine may call them. A Recorder keeps everything
// that was recorded until Clear; it has no bounds.
type Recorder struct {
	t   testing.TB
	rec door.Recorder[saferunner.Call, *saferunner.Runner]
	ctx context.Context

	files artifacts
	since int // what nobody owned before

	mu    sync.Mutex
	shown map[string]bool // IDs of the entries that a failed assertion has listed
}

// New returns a recorder that belongs to t. It works in parallel tests, subtests,
// fuzz targets, benchmarks and testing/synctest bubbles.
//
// The recorder ends with the test. Then no further call is let through. Forced
// async calls that were queued before are waited for, ten seconds at most. Lists
// that Run refused fail the test, whatever the code under test did with the error;
// see [Recorder.AllowRefused]. So does a [saferunner.Defer] that was neither
// committed nor rolled back. If the test has failed for any reason, its log shows
// what was recorded.
func New(t testing.TB, opts ...Option) *Recorder {
	t.Helper()
	r := &Recorder{t: t, files: artifacts{t: t}, since: core.UnownedMark()}
	r.rec, r.ctx = core.New(t.Context(), t.Name())
	t.Cleanup(r.end)
	for _, option := range opts {
		option.apply(r)
	}
	return r
}

func (r *Recorder) end() {
	r.t.Helper()
	if err := r.rec.End(drainLimit); err != nil {
		r.t.Errorf("saferunnertest: forced async calls had not ended with the test: %v", err)
	}
	for _, err := range r.rec.Refused() {
		r.t.Errorf("saferunnertest: a list was refused: %v; if the test wants this, say so with rec.AllowRefused", err)
	}
	for _, u := range r.rec.Undecided() {
		todo := "call Commit after the transaction, and defer Rollback"
		if u.By != "Defer" {
			todo = "let its function return before the test ends"
		}
		r.t.Errorf("saferunnertest: what was run under the %s at %s was neither committed nor rolled back: %s", u.By, placeOf(u.Caller), todo)
	}
	if r.t.Failed() {
		r.logTheRest()
	}
}

// logTheRest logs what was recorded and has not been listed yet.
func (r *Recorder) logTheRest() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := slices.DeleteFunc(r.calls(""), func(c call) bool { return r.shown[c.id] })
	switch {
	case len(calls) == 0:
	case len(r.shown) == 0:
		r.t.Log("saferunnertest: recorded in this test:\n" + ledger(calls, true))
	default:
		r.t.Log("saferunnertest: recorded in this test besides:\n" + ledger(calls, true))
	}
}

// show notes that calls have been listed.
func (r *Recorder) show(calls []call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shown == nil {
		r.shown = map[string]bool{}
	}
	for _, c := range calls {
		r.shown[c.id] = true
	}
}

// calls returns what was recorded under a run ID, or all of it if that is empty.
func (r *Recorder) calls(runID string) []call { return madeCalls(r.rec.Calls(runID)) }

// adopt makes the recorder own what nobody owns.
func (r *Recorder) adopt() (end func()) { return core.Adopt(r.rec) }

// Context returns the ctx of the test with the recorder in it. Calls that are run
// with it, or with a ctx made from it, belong to the recorder.
func (r *Recorder) Context() context.Context { return r.ctx }

// Runner returns the runner of the recorder, for code that takes a
// [*saferunner.Runner].
func (r *Recorder) Runner() *saferunner.Runner { return r.rec.Runner() }

// All returns the entries of all calls, whatever the run ID, oldest first.
func (r *Recorder) All() []journal.Entry {
	r.t.Helper()
	var all []journal.Entry
	q := journal.Query{OldestFirst: true, Limit: journal.MaxPage}
	for {
		page, err := r.Runner().Journal().Query(r.detached(), q)
		if err != nil {
			r.t.Errorf("saferunnertest: All: %v", err)
			return all
		}
		all = append(all, page.Entries...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

// Calls returns the entries of the newest calls under a run ID, [journal.MaxPage]
// at most, oldest first. A bad run ID fails the test.
func (r *Recorder) Calls(runID string) []journal.Entry {
	r.t.Helper()
	entries, err := r.Runner().Calls(r.detached(), runID)
	if err != nil {
		r.t.Errorf("saferunnertest: Calls(%q): %v", runID, err)
	}
	return entries
}

// detached is the recorder's ctx without the end of the test, for use in
// cleanup functions too.
func (r *Recorder) detached() context.Context { return context.WithoutCancel(r.ctx) }

// Force lets calls of these tasks execute, until the test ends. What a forced task
// calls is recorded, unless it is forced as well. Tasks are told apart by their
// names. Middleware does not run. Force replaces a Stub or Fail of the task.
func (r *Recorder) Force(tasks ...saferunner.Named) {
	r.t.Helper()
	if names, ok := r.names("Force", tasks); ok {
		r.rec.Force(names...)
	}
}

// ForceAll lets the calls of all tasks execute, until the test ends, except those
// of tasks that the test has stubbed or made to fail.
func (r *Recorder) ForceAll() { r.rec.ForceAll() }

// Fail makes the calls of the task fail with err. They do not execute, and are not
// tried again. A sync call stops its list; an async call fails after Run has
// returned, and Report.Wait returns err. With a nil err Fail takes back the faults
// of the task, those of FailTimes and FailFunc too: the Stub or Force from before
// applies again.
func (r *Recorder) Fail(task saferunner.Named, err error) {
	r.t.Helper()
	names, ok := r.names("Fail", []saferunner.Named{task})
	switch {
	case !ok:
	case err == nil:
		r.rec.Fail(names[0], nil)
	default:
		r.rec.Fail(names[0], func(any) error { return err })
	}
}

// FailTimes makes the next n calls of the task fail with err. After that the
// earlier Stub, Fail or Force of the task applies again. If n is less than 1 or err
// is nil, the test fails.
func (r *Recorder) FailTimes(task saferunner.Named, n int, err error) {
	r.t.Helper()
	switch names, ok := r.names("FailTimes", []saferunner.Named{task}); {
	case !ok:
	case err == nil || n < 1:
		r.t.Errorf("saferunnertest: FailTimes(%s, %d, %v): it needs a count of at least 1 and an error", names[0], n, err)
	default:
		r.rec.FailTimes(names[0], n, err)
	}
}

// Perform executes the calls of these tasks that were recorded so far, in order,
// each call once, on this goroutine. Without tasks it executes nothing. What the
// tasks call is recorded, unless it is forced. Perform goes on after a failure, and
// returns the errors, joined; a call that fails is not tried again. After the end of
// the test it executes nothing and returns an error.
func (r *Recorder) Perform(tasks ...saferunner.Named) error {
	r.t.Helper()
	names, ok := r.names("Perform", tasks)
	if !ok {
		return fmt.Errorf("saferunnertest: Perform: a task is nil; nothing was executed")
	}
	return r.rec.Perform(r.ctx, func(task string) bool { return slices.Contains(names, task) })
}

// PerformAll executes the recorded calls of all tasks, as [Recorder.Perform] does.
func (r *Recorder) PerformAll() error {
	return r.rec.Perform(r.ctx, func(string) bool { return true })
}

// Wait waits until all forced async calls have ended, their further attempts and
// delays included. It returns the errors of those that have failed since the last
// Wait, joined; each is a [*saferunner.CallError]. If the ctx of the test ends
// first, it returns the cause. A forced async task must not call it: it would wait
// for itself.
func (r *Recorder) Wait() error {
	r.t.Helper()
	return r.rec.Wait(r.ctx)
}

// AllowRefused says that the test expects that Run refused lists with this error:
// those whose error is err or wraps it, so far, do not fail the test at its end.
// Call it after the code under test.
func (r *Recorder) AllowRefused(err error) { r.rec.AllowRefused(err) }

// Clear deletes everything that was recorded. Stubs, faults and forces stay.
func (r *Recorder) Clear() { r.rec.Clear() }

// names returns the names of tasks; a nil one fails the test.
func (r *Recorder) names(method string, tasks []saferunner.Named) ([]string, bool) {
	r.t.Helper()
	names := make([]string, len(tasks))
	for i, task := range tasks {
		if task != nil {
			names[i] = task.Name()
		}
		if names[i] == "" {
			r.t.Errorf("saferunnertest: %s: task %d is nil; define it first", method, i+1)
			return nil, false
		}
	}
	return names, true
}

// Stub answers the calls of the task: Do and Result return what fn returns. The
// calls do not execute, and are recorded as stubbed. fn gets a copy of the
// arguments, on the goroutine of the Run; it may be called from several goroutines
// at once. A panic in fn fails the call. Stub replaces a Force or Fail of the task.
func Stub[In, Out any](r *Recorder, task *saferunner.ResultTask[In, Out], fn func(In) (Out, error)) {
	r.t.Helper()
	names, ok := r.names("Stub", []saferunner.Named{task})
	if !ok {
		return
	}
	if fn == nil {
		r.t.Errorf("saferunnertest: Stub of %s: the function is nil", names[0])
		return
	}
	r.rec.Stub(names[0], func(args any) (any, error) {
		in, ok := args.(*In)
		if !ok {
			return nil, fmt.Errorf("saferunnertest: Stub of %s takes %T, its call has %T: two tasks share this name", names[0], *new(In), args)
		}
		return fn(*in)
	})
}

// FailFunc makes the calls of the task fail with what fn returns. If fn returns
// nil, the earlier Stub or Force of the task applies, as if there were no fault. fn
// gets a copy of the arguments, on the goroutine of the Run; it may be called from
// several goroutines at once. A panic in fn fails the call.
func FailFunc[In any](r *Recorder, task saferunner.Definition[In], fn func(In) error) {
	r.t.Helper()
	names, ok := r.names("FailFunc", []saferunner.Named{task})
	if !ok {
		return
	}
	if fn == nil {
		r.t.Errorf("saferunnertest: FailFunc of %s: the function is nil", names[0])
		return
	}
	r.rec.Fail(names[0], func(args any) error {
		in, ok := args.(*In)
		if !ok {
			return fmt.Errorf("saferunnertest: FailFunc of %s takes %T, its call has %T: two tasks have this name", names[0], *new(In), args)
		}
		return fn(*in)
	})
}

// Args returns copies of the arguments of the calls of task under a run ID, in
// order, with the real values of redacted fields. A call whose arguments have
// another type fails the test: two tasks have one name then.
func Args[In any](r *Recorder, runID string, task saferunner.Definition[In]) []In {
	r.t.Helper()
	names, ok := r.names("Args", []saferunner.Named{task})
	if !ok {
		return nil
	}
	var all []In
	for _, c := range r.rec.Calls(runID) {
		if c.Args.Task().Spec.Name != names[0] {
			continue
		}
		in, ok := c.Args.Pointer().(*In)
		if !ok {
			r.t.Errorf("saferunnertest: Args of %s: a call has %T: two tasks have this name", names[0], c.Args.Pointer())
			continue
		}
		dup := *in
		snapshot.PlanOf(reflect.TypeFor[In]()).Detach(reflect.ValueOf(&dup).Elem())
		all = append(all, dup)
	}
	return all
}

// wantedCall shows what a call is made of, unless it is the zero Call.
func wantedCall(c saferunner.Call) (call, bool) {
	revealed := core.Reveal(c)
	if revealed.Args == nil {
		return call{}, false
	}
	return reveal(revealed), true
}

func madeCalls(calls []door.Revealed) []call {
	all := make([]call, len(calls))
	for i, c := range calls {
		all[i] = reveal(c)
	}
	return all
}

func reveal(c door.Revealed) call {
	task := c.Args.Task()
	out := call{
		id: c.EntryID, runID: c.RunID, task: task.Spec.Name, key: c.Options.IdempotencyKey(), status: c.Status, ended: c.Test, ctx: c.Ctx,
		args: reflect.ValueOf(c.Args.Pointer()).Elem(), redacted: task.Redacts,
		async: c.Options.IsAsync(), bestEffort: c.Options.IsBestEffort(),
		run: placeOf(c.Caller), defined: placeOf(task.Defined),
		json:     func() string { return strings.ReplaceAll(string(c.Args.Shown()), `\ufffd`, "\ufffd") }, // as every encoder writes it
		same:     func(got call) bool { return got.origin.(door.Revealed).SameAs(c) },
		sameArgs: func(got call) bool { return c.Args.Equal(got.origin.(door.Revealed).Args) },
		origin:   c,
	}
	if o := c.Options; o != nil {
		out.after, out.at = o.After, o.At
	}
	return out
}

func placeOf(pc uintptr) place {
	file, line := callsite.Position(pc)
	pkg := callsite.Package(pc)
	if unescaped, err := url.PathUnescape(pkg); err == nil {
		pkg = unescaped
	}
	return place{pkg, file, line}
}

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

// Recorder owns the calls that one test makes: with its ctx, or on its
// runner. Nothing executes but what the test forces or performs. All methods
// are safe for concurrent use; none stops the test, so they may be called
// from any goroutine.
type Recorder struct {
	t   testing.TB
	rec door.Recorder[saferunner.Call, *saferunner.Runner]
	ctx context.Context

	files *artifacts
	since int // what nobody owned before

	mu    sync.Mutex
	shown map[string]bool // IDs of the entries that a failed assertion has listed
}

// New returns a recorder owned by t. It ends with the test: then its rules
// are void, forced async calls are waited for, lists that Run refused fail
// the test, whatever was done with the error, and if the test has failed
// for any reason, its log shows what was recorded.
//
// It works in parallel tests, subtests, fuzz targets, benchmarks and
// testing/synctest bubbles.
func New(t testing.TB, opts ...Option) *Recorder {
	t.Helper()
	r := &Recorder{t: t, rec: core.New(t.Name()), files: &artifacts{t: t}, since: core.UnownedMark()}
	r.ctx = r.rec.NewContext(t.Context())
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
		r.t.Errorf("saferunnertest: a list was refused: %v", err)
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

// Context returns the test's ctx carrying the recorder: what is run with it,
// or with a ctx made from it, is recorded here.
func (r *Recorder) Context() context.Context { return r.ctx }

// Runner returns the recorder's runner, for code that takes one.
func (r *Recorder) Runner() *saferunner.Runner { return r.rec.Runner() }

// All returns what was recorded, whatever the run ID, oldest first, with what
// became of each call.
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

// Calls returns the newest calls under this run ID, at most
// [journal.MaxPage], oldest first, with what became of each.
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

// Force lets calls of these tasks really execute, for this test only. What
// they call themselves is recorded unless it is forced as well. Tasks are
// told apart by name.
func (r *Recorder) Force(tasks ...saferunner.Named) {
	r.t.Helper()
	if names, ok := r.names("Force", tasks); ok {
		r.rec.Force(names...)
	}
}

// ForceAll lets every call really execute, for this test only.
func (r *Recorder) ForceAll() { r.rec.ForceAll() }

// Fail lets calls of the task fail with err, instead of being recorded or
// executed: a sync one stops its list, an async one fails after Run has
// returned. A nil err takes the faults of the task back, those of FailTimes
// and FailFunc too: what was said of it before holds again.
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

// FailTimes lets the next n calls of the task fail with err. After them, what
// was said of the task before holds again.
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

// Perform really executes what was recorded so far of these tasks, first in,
// first out, each call once and on this goroutine. Without tasks it executes
// nothing. It does not stop at a failure, and returns the errors, joined.
// What the tasks call themselves stays recorded.
func (r *Recorder) Perform(tasks ...saferunner.Named) error {
	r.t.Helper()
	names, ok := r.names("Perform", tasks)
	if !ok {
		return fmt.Errorf("saferunnertest: Perform: a task is nil; nothing was executed")
	}
	return r.rec.Perform(r.ctx, func(task string) bool { return slices.Contains(names, task) })
}

// PerformAll is [Recorder.Perform] of every task.
func (r *Recorder) PerformAll() error {
	return r.rec.Perform(r.ctx, func(string) bool { return true })
}

// Wait waits until all forced async calls have ended, with their retries and
// after their delays, or until the test ends. It returns the errors of those
// that have failed since the last Wait, joined; each is a
// [*saferunner.CallError].
func (r *Recorder) Wait() error {
	r.t.Helper()
	return r.rec.Wait(r.ctx)
}

// AllowRefused takes lists that Run has refused out of what fails the test
// at its end: those whose error is err, or wraps it.
func (r *Recorder) AllowRefused(err error) { r.rec.AllowRefused(err) }

// Clear forgets what was recorded. Rules stay.
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

// Stub answers calls of the task with fn, instead of recording them without
// an answer or executing them: Do and Result return what fn returns. The
// calls are recorded as stubbed. fn runs on the goroutine of the Run and
// gets a copy of the arguments.
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

// FailFunc lets calls of the task, of either kind, fail with what fn returns.
// Where it returns nil, it is as if there were no fault: what was said of the
// task before holds. fn runs on the goroutine of the Run and gets a copy of
// the arguments.
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

// Args returns the arguments of the calls of task under this run ID, in
// order: copies, with their real values.
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

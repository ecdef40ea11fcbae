package saferunnertest

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/recorder"
	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// drainLimit bounds how long the end of a test waits for forced async calls.
const drainLimit = 10 * time.Second

// Recorder owns the calls that one test makes: with its ctx, or on its
// runner. Nothing executes but what the test forces or performs. All methods
// are safe for concurrent use; none stops the test, so they may be called
// from any goroutine.
type Recorder struct {
	t   testing.TB
	rec recorder.Recorder
	ctx context.Context

	files *artifacts

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
	r := &Recorder{t: t, rec: recorder.New(), files: &artifacts{t: t}}
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
	for _, err := range r.rec.Unsound() {
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
func (r *Recorder) adopt() (end func()) { return recorder.Adopt(r.rec) }

// Context returns the test's ctx carrying the recorder: what is run with it,
// or with a ctx made from it, is recorded here.
func (r *Recorder) Context() context.Context { return r.ctx }

// Runner returns the recorder's runner, for code that takes one.
func (r *Recorder) Runner() *saferunner.Runner { return r.rec.Runner().(*saferunner.Runner) }

// Calls returns the newest calls under this run ID, at most
// [saferunner.MaxPage], oldest first, with what became of each.
func (r *Recorder) Calls(runID string) []saferunner.Entry {
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
// returned.
func (r *Recorder) Fail(task saferunner.Named, err error) {
	r.t.Helper()
	if err == nil {
		r.t.Errorf("saferunnertest: Fail: the error is nil; say how the task fails")
		return
	}
	if names, ok := r.names("Fail", []saferunner.Named{task}); ok {
		r.rec.Fail(names[0], err)
	}
}

// Perform really executes what was recorded so far: all of it, or the calls
// of these tasks, first in, first out, each once and on this goroutine. It
// does not stop at a failure, and returns the errors, joined. What the tasks
// call themselves stays recorded.
func (r *Recorder) Perform(tasks ...saferunner.Named) error {
	r.t.Helper()
	names, ok := r.names("Perform", tasks)
	if !ok {
		return fmt.Errorf("saferunnertest: Perform: a task is nil; nothing was executed")
	}
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	return r.rec.Perform(r.ctx, func(task string) bool { return len(names) == 0 || wanted[task] })
}

// Wait waits until all forced async calls have ended, with their retries and
// after their delays, or until the test ends.
func (r *Recorder) Wait() {
	r.t.Helper()
	if err := r.rec.Wait(r.ctx); err != nil {
		r.t.Errorf("saferunnertest: Wait: forced async calls have not ended: %v", err)
	}
}

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
		if c.Task != names[0] {
			continue
		}
		in, ok := c.Args.Pointer().(*In)
		if !ok {
			r.t.Errorf("saferunnertest: Args of %s: a call has %T: two tasks share this name", c.Task, c.Args.Pointer())
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
	revealed := recorder.Reveal(c)
	if revealed.Args == nil {
		return call{}, false
	}
	return reveal(revealed), true
}

func madeCalls(calls []recorder.Call) []call {
	all := make([]call, len(calls))
	for i, c := range calls {
		all[i] = reveal(c)
	}
	return all
}

func reveal(c recorder.Call) call {
	return call{
		id: c.EntryID, runID: c.RunID, task: c.Task, key: c.Key, status: c.Status,
		args:  reflect.ValueOf(c.Args.Pointer()).Elem(),
		async: c.Async, bestEffort: c.BestEffort, after: c.When.After, at: c.When.At,
		run: placeOf(c.Caller), defined: placeOf(c.Defined),
		json:     func() string { return string(redact.JSON(c.Args.Pointer())) },
		same:     func(got call) bool { return recorder.Same(got.origin.(recorder.Call).Call, c.Call) },
		sameArgs: func(got call) bool { return c.Args.Equal(got.origin.(recorder.Call).Args) },
		origin:   c,
	}
}

func placeOf(pc uintptr) place {
	file, line := callsite.Position(pc)
	pkg := callsite.Package(pc)
	if unescaped, err := url.PathUnescape(pkg); err == nil {
		pkg = unescaped
	}
	return place{pkg, file, line}
}

// unowned returns calls that no recorder owned, and how many there were.
func unowned() (calls []call, count int) {
	all, count := recorder.Unowned()
	return madeCalls(all), count
}

// unknownForced returns the names of no task that are forced.
func unknownForced() []string { return recorder.UnknownForced() }

package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/memory"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/recorder"
	"github.com/saferunner/saferunner/journal"
)

func init() {
	recorder.New = func(test string) recorder.Recorder { return newTestRecorder(test) }
	recorder.Reveal = func(call any) recorder.Call { return reveal(call.(Call)) }
	recorder.Same = func(got, want any) bool { return got.(Call).same(want.(Call)) }
	recorder.UnknownForced = unknownForced
	recorder.TakeUnowned = unowned.all
	recorder.LookAtUnowned = unowned.look
	recorder.Adopt = func(r recorder.Recorder) func() { return adopt(&r.(*testRecorder).runner) }
	recorder.WithoutCaller = func(ctx context.Context) context.Context {
		return withScope(ctx, func(s *scope) { s.noCaller = true })
	}
}

// testRecorder is a runner owned by one test, behind the test kit.
type testRecorder struct {
	gate.Rules
	runner Runner
	memory memory.Journal
	test   string

	mu      sync.Mutex
	refused []error // lists that Run refused, for the end of the test
	failed  []error // forced async calls
}

func newTestRecorder(test string) *testRecorder {
	gate.Recheck()
	t := &testRecorder{test: test}
	t.runner.journal, t.runner.memory, t.runner.rules, t.runner.test = &t.memory, &t.memory, &t.Rules, t
	return t
}

// Runner implements recorder.Recorder.
func (t *testRecorder) Runner() any { return &t.runner }

// NewContext implements recorder.Recorder.
func (t *testRecorder) NewContext(ctx context.Context) context.Context {
	return withScope(ctx, func(s *scope) { s.recorder = &t.runner })
}

// Calls implements recorder.Recorder.
func (t *testRecorder) Calls(runID string) []recorder.Call {
	var calls []recorder.Call
	for _, r := range t.memory.Runs() {
		for i := range r.Calls {
			if (runID == "" || r.RunID == runID) && r.Seen(i) {
				calls = append(calls, revealCall(r, i))
			}
		}
	}
	return calls
}

// Made implements recorder.Recorder.
func (t *testRecorder) Made(runID string, want any) bool {
	calls := want.([]Call)
	n := 0
	for _, r := range t.memory.Runs() {
		if r.RunID != runID {
			continue
		}
		for i := range r.Calls {
			if status := r.Status(i); status == journal.StatusSkipped || !r.Seen(i) {
				continue
			}
			if n == len(calls) || !(Call{r.Calls[i].Args, r.Calls[i].Options}).same(calls[n]) {
				return false
			}
			n++
		}
	}
	return n == len(calls)
}

// Clear implements recorder.Recorder.
func (t *testRecorder) Clear() { t.memory.Clear() }

// Refused implements recorder.Recorder.
func (t *testRecorder) Refused() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.refused)
}

// AllowRefused implements recorder.Recorder.
func (t *testRecorder) AllowRefused(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = slices.DeleteFunc(t.refused, func(refused error) bool { return errors.Is(refused, err) })
}

// Perform implements recorder.Recorder.
func (t *testRecorder) Perform(ctx context.Context, pick func(string) bool) error {
	var errs []error
	for _, r := range t.memory.Runs() {
		for i := range r.Calls {
			if r.Status(i) != journal.StatusRecorded || !pick(r.Task(i).Spec.Name) {
				continue
			}
			if err := t.perform(ctx, r, i); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// perform executes a recorded call. What its task itself calls stays recorded.
func (t *testRecorder) perform(ctx context.Context, r *record.Run, i int) error {
	d := gate.Say{RecordOnly: r.RecordOnly, Rules: &t.Rules}.Perform()
	switch {
	case d.Verdict != gate.Executed && r.RecordOnly:
		return fmt.Errorf("saferunner: Perform: %s was run under a RecordOnly runner; it was not executed", r.Task(i).Spec.Name)
	case d.Verdict != gate.Executed:
		return errors.New("saferunner: Perform after the end of its test; nothing was executed")
	case !r.Perform(i, time.Now()):
		return nil
	}
	if r.Key(i) != "" {
		holder, err := t.runner.claimKey(ctx, r, i)
		switch {
		case err != nil:
			r.Unperform(i)
			return fmt.Errorf("saferunner: Perform: claim key %q of %s: %w", r.Key(i), r.Task(i).Spec.Name, err)
		case holder != r.EntryID(i):
			r.Duplicate(i)
			return nil
		}
	}
	args, _, _ := r.Calls[i].Args.Copy()
	p := &performance{}
	a := attempt{
		runner: &t.runner, run: r, call: i, number: 1, spec: &args.Task().Spec,
		args: args, pass: d.Pass(), ctx: &scopeContext{scope: t.runner.taskScope(ctx, r, i, 1)}, ender: p,
	}
	a.execute(ctx)
	return p.err
}

// performance is what a test's Perform learns of one call. It is not tried
// again.
type performance struct{ err error }

// attemptEnded implements attemptEnder.
func (p *performance) attemptEnded(_ context.Context, a *attempt, o outcome) {
	e := engine.Ending{Status: journal.StatusDone, Counts: true}
	if o.err != nil {
		e.Status, e.Error, e.Stack = journal.StatusFailed, record.ErrorText(o.err), o.stack
		p.err = callError(a.run, a.call, 1, o.err, o.stack)
	}
	a.run.Conclude(a.call, time.Now(), e, a.keep(o))
}

// noteFailed notes a forced async call that has failed.
func (t *testRecorder) noteFailed(err error) {
	t.mu.Lock()
	t.failed = append(t.failed, err)
	t.mu.Unlock()
}

// Wait implements recorder.Recorder.
func (t *testRecorder) Wait(ctx context.Context) error {
	if p := t.runner.startedPool(); p != nil {
		if err := p.Wait(ctx); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err := errors.Join(t.failed...)
	t.failed = nil
	return err
}

// End implements recorder.Recorder.
func (t *testRecorder) End(limit time.Duration) error {
	t.Rules.End()
	defer t.Over()
	p := t.runner.retirePool()
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := p.Stop(ctx)
	return errors.Join(err, t.runner.lost.take())
}

func revealCall(r *record.Run, i int) recorder.Call {
	c := reveal(Call{r.Calls[i].Args, r.Calls[i].Options})
	c.EntryID, c.RunID, c.Status, c.Caller = r.EntryID(i), r.RunID, string(r.Status(i)), r.Caller
	return c
}

func reveal(call Call) recorder.Call {
	if call.args == nil {
		return recorder.Call{}
	}
	c := recorder.Call{
		Call: call, Task: call.name(), Key: call.options.IdempotencyKey(), Defined: call.args.Task().Defined,
		Args: call.args, Async: call.options.IsAsync(), BestEffort: call.options.IsBestEffort(),
	}
	if o := call.options; o != nil {
		c.When = recorder.When{After: o.After, At: o.At}
	}
	return c
}

// same reports whether c is the call that was wanted.
func (c Call) same(want Call) bool {
	return want.args != nil && want.name() == c.name() && want.args.Equal(c.args) && c.options.SameWay(want.options)
}

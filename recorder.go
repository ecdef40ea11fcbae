package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/saferunner/saferunner/internal/recorder"
)

func init() {
	recorder.New = func() recorder.Recorder { return newTestRecorder() }
	recorder.Reveal = func(call any) recorder.Call { return reveal(call.(Call)) }
	recorder.Same = func(got, want any) bool { return got.(Call).same(want.(Call)) }
	recorder.UnknownForced = func() []string { return process().unknownForced() }
	recorder.Unowned = func() ([]recorder.Call, int) {
		records, count := unowned.all()
		return revealAll(records), count
	}
	recorder.Adopt = func(r recorder.Recorder) func() {
		runner := r.(*testRecorder).runner
		before := adopter.Swap(runner)
		return func() { adopter.CompareAndSwap(runner, before) }
	}
}

// testRecorder is a runner owned by one test, behind the test kit.
type testRecorder struct {
	*rules
	runner *Runner
	memory *memoryJournal
}

func newTestRecorder() *testRecorder {
	j := newMemoryJournal(0, 0)
	rules := &rules{}
	return &testRecorder{rules, &Runner{journal: j, memory: j, rules: rules}, j}
}

// Runner implements recorder.Recorder.
func (t *testRecorder) Runner() any { return t.runner }

// NewContext implements recorder.Recorder.
func (t *testRecorder) NewContext(ctx context.Context) context.Context {
	c := &scopeContext{Context: ctx}
	if s := scopeOf(ctx); s != nil {
		c.scope = *s
	}
	c.scope.recorder = t.runner
	return c
}

// Calls implements recorder.Recorder.
func (t *testRecorder) Calls(runID string) []recorder.Call {
	records := t.memory.all()
	records = slices.DeleteFunc(records, func(r *record) bool {
		return runID != "" && r.runID() != runID || r.currentStatus() == ""
	})
	return revealAll(records)
}

// Made implements recorder.Recorder.
func (t *testRecorder) Made(runID string, want any) bool {
	calls := want.([]Call)
	n := 0
	for _, r := range t.memory.all() {
		if status := r.currentStatus(); r.runID() != runID || status == "" || status == StatusSkipped {
			continue
		}
		if n == len(calls) || !r.call.same(calls[n]) {
			return false
		}
		n++
	}
	return n == len(calls)
}

// Clear implements recorder.Recorder.
func (t *testRecorder) Clear() {
	t.memory.forgetAll()
}

// Unsound implements recorder.Recorder.
func (t *testRecorder) Unsound() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unsound
}

// Perform implements recorder.Recorder.
func (t *testRecorder) Perform(ctx context.Context, pick func(string) bool) error {
	var errs []error
	for _, r := range t.memory.all() {
		if !pick(r.task()) {
			continue
		}
		if err := t.perform(ctx, r); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// perform executes a call if it is recorded. What its task itself calls stays
// recorded.
func (t *testRecorder) perform(ctx context.Context, r *record) error {
	if gate(circumstances{mode: process().mode, recorder: true, force: !t.hasEnded()}) != executed {
		return errors.New("saferunner: Perform after the end of its test; nothing was executed")
	}
	if !r.change(StatusRecorded, StatusQueued) {
		return nil
	}
	if claimed, err := t.claim(ctx, r); !claimed {
		return err
	}
	r.begin(time.Now(), "")
	c := &scopeContext{scope: t.runner.taskScope(ctx, r, 1, false)}
	arguments, _, _ := r.call.bound.copy()
	returned := false
	defer func() {
		if !returned {
			r.end(StatusFailed, time.Now(), nil, ErrGoexit, "")
			t.memory.writeRun(r.run.records[r.index : r.index+1])
		}
	}()
	result, stack, err := invoke(ctx, c, arguments)
	returned = true
	defer t.memory.writeRun(r.run.records[r.index : r.index+1])
	if err != nil {
		r.end(StatusFailed, time.Now(), nil, err, stack)
		return r.run.callError(int(r.index), 1, err, stack)
	}
	r.end(StatusDone, time.Now(), result, nil, "")
	return nil
}

// claim takes the key of a call that is performed, if it has one. If another
// holds it, the call is a duplicate.
func (t *testRecorder) claim(ctx context.Context, r *record) (bool, error) {
	if r.key() == "" {
		return true, nil
	}
	holder, err := t.memory.Claim(ctx, r.task(), r.key(), r.id())
	switch {
	case err != nil:
		r.setStatus(StatusRecorded)
		return false, fmt.Errorf("saferunner: Perform: claim key %q of %s: %w", r.key(), r.task(), err)
	case holder != r.id():
		r.setStatus(StatusDuplicate)
		return false, nil
	}
	return true, nil
}

// Wait implements recorder.Recorder.
func (t *testRecorder) Wait(ctx context.Context) error {
	if e := t.runner.startedEngine(); e != nil {
		return e.wait(ctx)
	}
	return nil
}

// End implements recorder.Recorder.
func (t *testRecorder) End(limit time.Duration) error {
	t.end()
	defer t.drained()
	e := t.runner.retireEngine()
	if e == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := e.Stop(ctx)
	return errors.Join(err, t.runner.lost.take())
}

func revealAll(records []*record) []recorder.Call {
	calls := make([]recorder.Call, len(records))
	for i, r := range records {
		calls[i] = r.reveal()
	}
	return calls
}

func (r *record) reveal() recorder.Call {
	c := reveal(r.call)
	c.EntryID, c.RunID = r.id(), r.run.runID
	c.Status, c.Caller = string(r.currentStatus()), r.run.caller
	return c
}

func reveal(call Call) recorder.Call {
	if call.bound == nil {
		return recorder.Call{}
	}
	return recorder.Call{
		Call: call, Task: call.spec().Name, Key: call.key(), Defined: call.bound.definition().defined,
		Args: call.bound, Async: call.isAsync(), BestEffort: call.isBestEffort(), When: call.when(),
	}
}

func (c Call) when() recorder.When {
	if c.options == nil {
		return recorder.When{}
	}
	return recorder.When{After: c.options.after, At: c.options.at}
}

// same reports whether c is the call that was wanted.
func (c Call) same(want Call) bool {
	if want.bound == nil || want.spec().Name != c.spec().Name || !want.bound.Equal(c.bound) {
		return false
	}
	if c.options == nil && want.options == nil {
		return true
	}
	return c.isAsync() == want.isAsync() && c.key() == want.key() && c.isBestEffort() == want.isBestEffort() &&
		c.when().Same(want.when())
}

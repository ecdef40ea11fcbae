package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/door"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/memory"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

func init() {
	door.Install(door.Kit[Call, *Runner]{
		New:           newTestRecorder,
		Reveal:        func(c Call) door.Revealed { return door.Revealed{Args: c.args, Options: c.options} },
		Adopt:         func(r door.Recorder[Call, *Runner]) func() { return adopt(r.Runner()) },
		Unowned:       unowned.since,
		UnownedMark:   unowned.mark,
		LookAtUnowned: unowned.look,
		UnknownForced: unknownForced,
		WithoutCaller: func(ctx context.Context) context.Context {
			return withSituation(ctx, func(s *situation) { s.noCaller = true })
		},
	})
}

// testRecorder is a runner owned by one test, behind the test kit.
//
// It goes through the states of its rules. While they hold, the test may change
// them. End takes them back, so that nothing more is let through, and waits for the
// forced async calls that were queued before. Then it is over: what still reaches it
// is recorded, and unowned. mu guards what the end of the test and Wait ask for; the
// rules and the journal have locks of their own.
type testRecorder struct {
	gate.Rules
	runner Runner
	memory memory.Journal
	test   string
	scope  ownScope // of the ctx that carries the recorder

	mu      sync.Mutex
	refused []error // lists that Run refused, for the end of the test
	failed  []error // forced async calls
	held    []*heldRuns
}

func newTestRecorder(ctx context.Context, test string) (door.Recorder[Call, *Runner], context.Context) {
	gate.Recheck()
	t := &testRecorder{test: test}
	t.runner.journal, t.runner.memory, t.runner.rules, t.runner.test = &t.memory, &t.memory, &t.Rules, t
	return t, t.scope.set(ctx, func(s *situation) { s.recorder = &t.runner })
}

// Runner implements door.Recorder.
func (t *testRecorder) Runner() *Runner { return &t.runner }

// Calls implements door.Recorder.
func (t *testRecorder) Calls(runID string) []door.Revealed {
	var calls []door.Revealed
	for _, r := range t.memory.Runs() {
		for i := range r.Calls {
			if runID != "" && r.RunID != runID {
				continue
			}
			if c, ok := revealCall(r, i); ok {
				calls = append(calls, c)
			}
		}
	}
	return calls
}

// Made implements door.Recorder.
func (t *testRecorder) Made(runID string, want ...Call) bool {
	n := 0
	for _, r := range t.memory.Runs() {
		if r.RunID != runID {
			continue
		}
		for i := range r.Calls {
			args, ok := r.Arguments(i)
			if !ok || r.Status(i) == journal.StatusSkipped {
				continue
			}
			if n == len(want) || !door.Same(args, r.Calls[i].Options, want[n].args, want[n].options) {
				return false
			}
			n++
		}
	}
	return n == len(want)
}

// Clear implements door.Recorder.
func (t *testRecorder) Clear() { t.memory.Clear() }

// Refused implements door.Recorder.
func (t *testRecorder) Refused() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.refused)
}

// Undecided implements door.Recorder.
func (t *testRecorder) Undecided() (all []door.Undecided) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.held {
		if lists, open := h.waiting(); open {
			all = append(all, door.Undecided{By: h.by, Caller: h.caller, Lists: lists})
		}
	}
	return all
}

// waiting returns how many lists wait for h, and whether it is open.
func (h *heldRuns) waiting() (lists int, open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.lists), h.state == heldOpen
}

// AllowRefused implements door.Recorder.
func (t *testRecorder) AllowRefused(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refused = slices.DeleteFunc(t.refused, func(refused error) bool { return errors.Is(refused, err) })
}

// Perform implements door.Recorder.
func (t *testRecorder) Perform(ctx context.Context, pick func(string) bool) error {
	var errs []error
	for _, r := range t.memory.Runs() {
		for i := range r.Calls {
			if r.Status(i) != journal.StatusRecorded || !r.Seen(i) || !pick(r.Task(i).Spec.Name) {
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
	}
	args, _, ok := r.Take(i, journal.StatusRecorded, "")
	if !ok {
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
	args, _, _ = args.Copy()
	c := taskScope(t.runner.inTask(ctx, scopeOf(ctx), r), i, 1)
	a := attempt{ctx: c, spec: &args.Task().Spec, args: args, pass: d.Pass()}
	var err error
	a.execute(func(o outcome) { err = a.performed(o) })
	return err
}

// performed notes the end of a call that a test has performed. It is not
// tried again.
func (a *attempt) performed(o outcome) (err error) {
	e := engine.Ending{Status: journal.StatusDone, Counts: true}
	if o.err != nil {
		e.Status, e.Error, e.Stack = journal.StatusFailed, record.ErrorText(o.err), o.stack
		err = callError(a.ctx.run, int(a.ctx.call), 1, o.err, o.stack)
	}
	a.ctx.run.Conclude(int(a.ctx.call), &e, a.keep(&o))
	return err
}

// noteFailed notes a forced async call that has failed.
func (t *testRecorder) noteFailed(err error) {
	t.mu.Lock()
	t.failed = append(t.failed, err)
	t.mu.Unlock()
}

// Wait implements door.Recorder.
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

// End implements door.Recorder.
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

// revealCall shows call i; false if it is not to be seen any more.
func revealCall(r *record.Run, i int) (door.Revealed, bool) {
	args, ok := r.Arguments(i)
	return door.Revealed{
		Args: args, Options: r.Calls[i].Options, EntryID: r.EntryID(i), RunID: r.RunID,
		Status: string(r.Status(i)), Caller: r.Caller,
	}, ok
}

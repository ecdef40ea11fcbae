package saferunner_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

func newRunner(t *testing.T, opts ...saferunner.Option) *saferunner.Runner {
	t.Helper()
	r, err := saferunner.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func count(t *testing.T, r *saferunner.Runner, runID string) int {
	t.Helper()
	// Its own ctx: one with a runner would be asked instead.
	entries, err := r.Calls(context.Background(), runID)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestOwnerOfACall(t *testing.T) {
	e := newEffects()
	inCtx, receiver := newRunner(t), newRunner(t)
	rec := saferunnertest.New(t)
	call := e.note.With("x")
	ctx := context.Background()

	run := func(ctx context.Context, r *saferunner.Runner, runID string) {
		t.Helper()
		if _, err := r.Run(ctx, runID, call); err != nil {
			t.Fatal(err)
		}
	}
	run(ctx, receiver, "receiver")
	run(saferunner.NewContext(ctx, inCtx), receiver, "ctx")
	run(saferunner.NewContext(rec.Context(), inCtx), receiver, "recorder")
	run(saferunner.NewContext(saferunner.NewContext(ctx, inCtx), nil), receiver, "taken.out")

	for runID, owner := range map[string]*saferunner.Runner{"receiver": receiver, "ctx": inCtx, "recorder": rec.Runner(), "taken.out": receiver} {
		for name, r := range map[string]*saferunner.Runner{"receiver": receiver, "ctx": inCtx, "recorder": rec.Runner()} {
			want := 0
			if r == owner {
				want = 1
			}
			if got := count(t, r, runID); got != want {
				t.Errorf("%s: %s has %d calls, want %d", runID, name, got, want)
			}
		}
	}
}

func TestDefaultOwnsTheRest(t *testing.T) {
	e := newEffects()
	mine := newRunner(t)
	saferunner.SetDefault(mine)
	defer saferunner.SetDefault(nil)
	if _, err := saferunner.Run(context.Background(), "default", e.note.With("x")); err != nil {
		t.Fatal(err)
	}
	if count(t, mine, "default") != 1 {
		t.Error("Default does not have the call")
	}
	if entries, err := saferunner.Calls(context.Background(), "default"); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v", entries, err)
	}
	if err := saferunner.Clear(context.Background()); err != nil || count(t, mine, "default") != 0 {
		t.Errorf("after Clear %d calls, %v", count(t, mine, "default"), err)
	}
	if err := saferunner.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := saferunner.Run(context.Background(), "default", e.note.With("x")); !errors.Is(err, saferunner.ErrShutdown) {
		t.Errorf("got %v", err)
	}
	saferunner.SetDefault(nil)
	if saferunner.Default() == mine {
		t.Error("SetDefault(nil) did not make a new one")
	}
}

func TestTaskSeesItsCallAndItsRunner(t *testing.T) {
	rec := saferunnertest.New(t)
	var info saferunner.CallInfo
	inner := newEffects()
	outer := saferunner.Define("outer.task", func(ctx context.Context, _ int) error {
		info, _ = saferunner.Current(ctx)
		_, err := saferunner.Run(ctx, "inner", inner.note.With("x"))
		return err
	})
	rec.Force(outer)
	report, err := saferunner.Run(rec.Context(), "outer", outer.With(1).Key("k"))
	if err != nil {
		t.Fatal(err)
	}
	want := saferunner.CallInfo{RunID: "outer", Run: report.ID(), EntryID: report.Outcomes()[0].EntryID, Task: "outer.task", Attempt: 1, Key: "k"}
	if info != want {
		t.Errorf("got %+v, want %+v", info, want)
	}
	inner.wantDone(t) // a call made inside a forced task passes the gate itself
	rec.Assert("inner", inner.note.With("x"))
	if _, ok := saferunner.Current(rec.Context()); ok {
		t.Error("Current is true outside a task")
	}
}

func TestRecordOnly(t *testing.T) {
	r, e := newRunner(t, saferunner.RecordOnly()), newEffects()
	report, err := r.Run(t.Context(), "dry.run", e.note.With("x"), e.note.With("y").Async())
	if err != nil || statuses(report) != "recorded recorded" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t)
}

func TestClearKeepsWhatExecuted(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	saferunnertest.Stub(rec, e.double, func(int) (int, error) { return 1, nil })
	rec.Force(e.note)
	if _, err := saferunner.Run(rec.Context(), "mixed", e.note.With("executed"), e.panics.With("recorded"), e.double.With(1)); err != nil {
		t.Fatal(err)
	}
	if err := saferunner.Clear(rec.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := journaled(t, rec, "mixed"), "effects.note=done"; got != want {
		t.Errorf("left is %s, want %s", got, want)
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	bad := map[string]saferunner.Option{
		"nil option":   nil,
		"nil journal":  saferunner.WithJournal(nil),
		"nil logger":   saferunner.WithLogger(nil),
		"nil function": saferunner.OnFailure(nil),
		"0 at a time":  saferunner.Concurrency(0),
	}
	for name, option := range bad {
		if r, err := saferunner.New(option); err == nil || r != nil {
			t.Errorf("%s: got %v, %v", name, r, err)
		}
	}
}

func TestStartRefusesTwoTasksOfOneName(t *testing.T) {
	r, e := newRunner(t), newEffects()
	if err := r.Start(t.Context(), e.note, e.fail); err != nil {
		t.Error(err)
	}
	if err := r.Start(t.Context(), e.note, newEffects().note); !errors.Is(err, saferunner.ErrTaskTwice) {
		t.Errorf("got %v", err)
	}
	var missing *saferunner.Task[int]
	if err := r.Start(t.Context(), missing); err == nil {
		t.Error("a nil task was taken")
	}
}

// What a forced task clears is what was recorded so far.
func TestClearWithinAList(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	clears := saferunner.Define("clears.task", func(context.Context, int) error { rec.Clear(); return nil })
	rec.Force(clears)
	if _, err := saferunner.Run(rec.Context(), "clears", e.note.With("before"), clears.With(1), e.note.With("after")); err != nil {
		t.Fatal(err)
	}
	rec.Assert("clears", e.note.With("after"))
}

func TestBadReceivers(t *testing.T) {
	e := newEffects()
	var none *saferunner.Runner
	for name, r := range map[string]*saferunner.Runner{"nil": none, "zero": {}} {
		if report, err := r.Run(t.Context(), "bad", e.note.With("x")); err == nil || report == nil {
			t.Errorf("%s: got %v, %v", name, report, err)
		}
		if r.Journal() != nil || r.JournalFailures() != 0 {
			t.Errorf("%s: has a journal", name)
		}
	}
	var zero saferunner.Runner
	if _, err := zero.Calls(t.Context(), "x"); err == nil {
		t.Error("Calls of a zero Runner returned no error")
	}
	if err := zero.Clear(t.Context()); err == nil {
		t.Error("Clear of a zero Runner returned no error")
	}
	if err := zero.Shutdown(t.Context()); err == nil {
		t.Error("Shutdown of a zero Runner returned no error")
	}
	var report *saferunner.Report
	if report.Wait(t.Context()) != nil || report.Results() != nil || report.Recorded() != nil || e.double.Results(report) != nil {
		t.Error("a nil Report has something")
	}
	var nilCtx context.Context
	if _, err := saferunner.Calls(nilCtx, "x"); err == nil {
		t.Error("Calls with a nil ctx returned no error")
	}
	if _, ok := saferunner.Current(nilCtx); ok {
		t.Error("Current of a nil ctx is true")
	}
}

// framework is the Context of a web framework: what it is asked for, its
// request does not hear of.
type framework struct {
	context.Context
	Request *http.Request
}

func (framework) Value(any) any { return nil }

// appContext has a ctx of its own beside that of its request.
type appContext struct {
	context.Context
	Request *http.Request
}

func request(t *testing.T, ctx context.Context) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A ctx that hides that of its request is looked through.
func TestRequestIsLookedThrough(t *testing.T) {
	e, live := newEffects(), newRunner(t)
	base := context.Background()
	rec := saferunnertest.New(t)
	over := func(ctx context.Context) context.Context {
		return &framework{base, request(t, ctx)}
	}
	for name, ctx := range map[string]context.Context{
		"pointer":          over(rec.Context()),
		"value":            framework{base, request(t, rec.Context())},
		"with a runner":    saferunner.NewContext(over(rec.Context()), live),
		"beside a runner":  &appContext{saferunner.NewContext(base, live), request(t, rec.Context())},
		"request of other": &appContext{rec.Context(), request(t, saferunner.NewContext(base, live))},
		"no request":       &appContext{rec.Context(), nil},
	} {
		rec.Clear()
		if _, err := saferunner.Run(ctx, "hidden", e.note.With(name)); err != nil {
			t.Error(err)
		}
		rec.Assert("hidden", e.note.With(name))
	}
}

// Where any runner that has a say is RecordOnly, nothing executes, whatever a
// test forces: not in the ctx, nor in that of its request.
func TestForceDoesNotPierceRecordOnly(t *testing.T) {
	e, dry, live := newEffects(), newRunner(t, saferunner.RecordOnly()), newRunner(t)
	run := func(ctx context.Context, r *saferunner.Runner) (*saferunner.Report, error) {
		return r.Run(ctx, "dry", e.note.With("x"), e.note.With("y").Async(), e.double.With(1).BestEffort())
	}
	nested := saferunner.Define("outer.task", func(ctx context.Context, _ int) error {
		report, err := run(ctx, dry)
		if got := statuses(report); got != "recorded recorded recorded" {
			t.Errorf("nested: %s", got)
		}
		return err
	})
	for name, tt := range map[string]struct {
		ctx      func(context.Context) context.Context
		receiver *saferunner.Runner
		fallback *saferunner.Runner // the default one
	}{
		"receiver": {func(ctx context.Context) context.Context { return ctx }, dry, nil},
		"ctx":      {func(ctx context.Context) context.Context { return saferunner.NewContext(ctx, dry) }, live, nil},
		"another over it": {func(ctx context.Context) context.Context {
			return saferunner.NewContext(saferunner.NewContext(ctx, dry), live)
		}, live, nil},
		"taken out again": {func(ctx context.Context) context.Context {
			return saferunner.NewContext(saferunner.NewContext(ctx, dry), nil)
		}, live, nil},
		"default": {func(ctx context.Context) context.Context { return ctx }, nil, dry},
		"request": {func(ctx context.Context) context.Context {
			return &framework{ctx, request(t, saferunner.NewContext(ctx, dry))}
		}, live, nil},
		"request beside another": {func(ctx context.Context) context.Context {
			return &appContext{saferunner.NewContext(ctx, live), request(t, saferunner.NewContext(ctx, dry))}
		}, live, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rec := saferunnertest.New(t)
			rec.ForceAll()
			saferunner.SetDefault(tt.fallback)
			defer saferunner.SetDefault(nil)
			ctx := tt.ctx(rec.Context())
			report, err := run(ctx, cmp.Or(tt.receiver, saferunner.Default()))
			if tt.receiver == nil {
				report, err = saferunner.Run(ctx, "dry", e.note.With("x"), e.note.With("y").Async(), e.double.With(1))
			}
			if got := statuses(report); got != "recorded recorded recorded" || err != nil {
				t.Errorf("got %s, %v", got, err)
			}
			if err := rec.PerformAll(); err == nil {
				t.Error("a dry call was performed")
			}
			if err := rec.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	rec := saferunnertest.New(t, saferunnertest.OwnUnowned())
	rec.ForceAll()
	report, err := run(context.Background(), dry)
	if got := statuses(report); got != "recorded recorded recorded" || err != nil {
		t.Errorf("unowned: %s, %v", got, err)
	}
	report, err = run(saferunner.NewContext(context.Background(), dry), live)
	if got := statuses(report); got != "recorded recorded recorded" || err != nil {
		t.Errorf("unowned, in ctx: %s, %v", got, err)
	}
	if _, err := saferunner.Run(rec.Context(), "outer", nested.With(1), nested.With(2).Async()); err != nil {
		t.Error(err)
	}
	if err := rec.Wait(); err != nil {
		t.Error(err)
	}
	e.wantDone(t)
}

// A nil pointer is no ctx, and what hides nothing is none the worse for it.
func TestNilPointerAsCtx(t *testing.T) {
	var none *framework
	if report, err := saferunner.Run(none, "a.b"); err == nil || report == nil {
		t.Errorf("Run: %v, %v", report, err)
	}
	if _, err := saferunner.Calls(none, "a.b"); err == nil {
		t.Error("Calls returned no error")
	}
	r := newRunner(t)
	if err := errors.Join(r.Clear(none), r.Start(none), r.Cancel(none, "x"), r.Shutdown(none)); strings.Count(fmt.Sprint(err), "nil ctx") != 4 {
		t.Errorf("got %v", err)
	}
	if _, ok := saferunner.Current(none); ok {
		t.Error("Current is true")
	}
	for _, ctx := range []context.Context{nil, none} {
		rec, e := forced(t), newEffects()
		report, err := saferunner.Run(rec.Context(), "a.b", e.note.With("x").After(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(ctx); err == nil || !strings.Contains(err.Error(), "nil ctx") {
			t.Errorf("Wait: %v", err)
		}
		if err := rec.Runner().Cancel(t.Context(), report.Outcomes()[0].EntryID); err != nil {
			t.Error(err)
		}
		if _, err := saferunner.Run(saferunner.NewContext(ctx, rec.Runner()), "a.b"); err != nil {
			t.Error(err)
		}
	}
}

package saferunner_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/saferunnertest"
)

// effects are tasks that tell what they did.
type effects struct {
	mu     sync.Mutex // async tasks write at the same time
	did    []string
	note   *saferunner.Task[string]
	fail   *saferunner.Task[string]
	panics *saferunner.Task[string]
	double *saferunner.ResultTask[int, int]
}

var errBroken = errors.New("broken")

func newEffects() *effects {
	e := &effects{}
	e.note = saferunner.Define("effects.note", e.write)
	e.fail = saferunner.Define("effects.fail", func(ctx context.Context, s string) error {
		_ = e.write(ctx, s)
		return errBroken
	})
	e.panics = saferunner.Define("effects.panic", func(context.Context, string) error { panic("oh no") })
	e.double = saferunner.DefineResult("effects.double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	return e
}

func (e *effects) write(_ context.Context, s string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.did = append(e.did, s)
	return nil
}

func (e *effects) wantDone(t *testing.T, want ...string) {
	t.Helper()
	if got, want := strings.Join(e.did, " "), strings.Join(want, " "); got != want {
		t.Errorf("did %q, want %q", got, want)
	}
}

// forced is a recorder that lets everything through, so that what production
// does can be seen.
func forced(t *testing.T) *saferunnertest.Recorder {
	rec := saferunnertest.New(t)
	rec.ForceAll()
	return rec
}

func statuses(r *saferunner.Report) string {
	var all []string
	for _, o := range r.Outcomes() {
		all = append(all, string(o.Status))
	}
	return strings.Join(all, " ")
}

func journaled(t *testing.T, rec *saferunnertest.Recorder, runID string) string {
	t.Helper()
	var all []string
	for _, e := range rec.Calls(runID) {
		all = append(all, e.Task+"="+string(e.Status))
	}
	return strings.Join(all, " ")
}

func TestSyncCallsRunInOrder(t *testing.T) {
	rec, e := forced(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "in.order", e.note.With("a"), e.note.With("b"), e.note.With("c"))
	if err != nil || statuses(report) != "done done done" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t, "a", "b", "c")
}

func TestFirstFailureStopsTheList(t *testing.T) {
	rec, e := forced(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "stop.here", e.note.With("a"), e.fail.With("b"), e.note.With("c"), e.note.With("d").Async())
	if statuses(report) != "done failed skipped skipped" {
		t.Errorf("got %s", statuses(report))
	}
	e.wantDone(t, "a", "b")
	call, ok := errors.AsType[*saferunner.CallError](err)
	if !ok || !errors.Is(err, errBroken) {
		t.Fatalf("got %v", err)
	}
	want := saferunner.CallError{RunID: "stop.here", Task: "effects.fail", EntryID: report.Outcomes()[1].EntryID, Position: 1, Attempt: 1, Err: errBroken}
	if *call != want {
		t.Errorf("got %+v, want %+v", *call, want)
	}
	if text := `saferunner: run "stop.here", call 2, effects.fail: broken`; err.Error() != text {
		t.Errorf("got %q, want %q", err, text)
	}
	if got, want := journaled(t, rec, "stop.here"), "effects.note=done effects.fail=failed effects.note=skipped effects.note=skipped"; got != want {
		t.Errorf("journal has %s, want %s", got, want)
	}
}

func TestBestEffortDoesNotStopTheList(t *testing.T) {
	rec, e := forced(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "go.on", e.fail.With("a").BestEffort(), e.note.With("b"))
	if err != nil || statuses(report) != "failed done" || !errors.Is(report.Outcomes()[0].Err, errBroken) {
		t.Errorf("got %s, %v, %v", statuses(report), report.Outcomes()[0].Err, err)
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	rec, e := forced(t), newEffects()
	_, err := saferunner.Run(rec.Context(), "panics", e.panics.With("x"))
	call, ok := errors.AsType[*saferunner.CallError](err)
	if !ok || !errors.Is(err, saferunner.ErrPanic) || !strings.Contains(call.Stack, "newEffects") {
		t.Fatalf("got %v", err)
	}
	if entry := rec.Calls("panics")[0]; !strings.Contains(entry.Attempts[0].Stack, "newEffects") || entry.ErrorText() != "panic: oh no" {
		t.Errorf("journal has %+v", entry.Attempts)
	}
}

func TestPanicWithAnErrorUnwraps(t *testing.T) {
	rec := forced(t)
	task := saferunner.Define("panics.eof", func(context.Context, int) error { panic(io.EOF) })
	if err := task.Do(rec.Context(), "panics", 1); !errors.Is(err, io.EOF) || !errors.Is(err, saferunner.ErrPanic) {
		t.Errorf("got %v", err)
	}
}

func TestGoexitInASyncTask(t *testing.T) {
	rec, e := forced(t), newEffects()
	exits := saferunner.Define("effects.exit", func(context.Context, int) error { runtime.Goexit(); return nil })
	returned := make(chan bool)
	go func() {
		after := false
		defer func() { returned <- after }()
		_, _ = saferunner.Run(rec.Context(), "exits", exits.With(1), e.note.With("b"))
		after = true
	}()
	if <-returned {
		t.Error("Run returned, but Goexit goes on")
	}
	if got, want := journaled(t, rec, "exits"), "effects.exit=failed effects.note=skipped"; got != want {
		t.Errorf("journal has %s, want %s", got, want)
	}
	if entry := rec.Calls("exits")[0]; entry.ErrorText() != saferunner.ErrGoexit.Error() {
		t.Errorf("journal has %q", entry.ErrorText())
	}
}

func TestTimeoutEndsTheCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := forced(t)
		slow := saferunner.Define("effects.slow", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}, saferunner.Timeout(3*time.Second))
		report, err := saferunner.Run(rec.Context(), "slow", slow.With(1))
		if !errors.Is(err, context.DeadlineExceeded) || report.Outcomes()[0].Duration != 3*time.Second {
			t.Errorf("got %v after %s", err, report.Outcomes()[0].Duration)
		}
	})
}

func TestRefusedListsExecuteNothing(t *testing.T) {
	rec, e := forced(t), newEffects()
	ended, cancel := context.WithCancelCause(rec.Context())
	cancel(io.ErrClosedPipe)
	closed, err := saferunner.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var missing *saferunner.Task[string]
	tests := map[string]struct {
		ctx    context.Context
		runner *saferunner.Runner
		runID  string
		call   saferunner.Call
		want   error
	}{
		"empty run ID":    {call: e.note.With("x"), want: saferunner.ErrRunID},
		"long run ID":     {runID: strings.Repeat("x", 257), call: e.note.With("x"), want: saferunner.ErrRunID},
		"ended ctx":       {ctx: ended, runID: "a.b", call: e.note.With("x"), want: io.ErrClosedPipe},
		"zero call":       {runID: "a.b", want: saferunner.ErrNoTask},
		"nil task":        {runID: "a.b", call: missing.With("x"), want: saferunner.ErrNoTask},
		"after shutdown":  {ctx: t.Context(), runner: closed, runID: "a.b", call: e.note.With("x"), want: saferunner.ErrShutdown},
		"async arguments": {ctx: saferunnertest.New(&quietTB{TB: t}).Context(), runID: "a.b", call: badArguments().Async(), want: saferunner.ErrArguments},
		"scheduled too":   {ctx: saferunnertest.New(&quietTB{TB: t}).Context(), runID: "a.b", call: badArguments().After(1), want: saferunner.ErrArguments},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := tt.ctx
			if ctx == nil {
				ctx = saferunnertest.New(&quietTB{TB: t}).Context()
			}
			runner := tt.runner
			if runner == nil {
				runner = saferunner.Default()
			}
			before := len(e.did)
			report, err := runner.Run(ctx, tt.runID, e.note.With("first"), tt.call)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if report == nil || len(report.Outcomes()) != 0 || report.Wait(ctx) != nil && tt.ctx == nil {
				t.Errorf("got report %+v", report)
			}
			if len(e.did) != before {
				t.Errorf("executed %q", e.did)
			}
			if err != nil && (!strings.HasPrefix(err.Error(), "saferunner: ") || !strings.Contains(err.Error(), "nothing was executed")) {
				t.Errorf("the error does not say what happened: %v", err)
			}
		})
	}
}

func TestRunTxWithoutTransaction(t *testing.T) {
	e := newEffects()
	report, err := saferunner.Default().RunTx(t.Context(), nil, "tx", e.note.With("x").Async())
	want := `saferunner: run "tx": RunTx: the transaction is nil: begin one, and end it after RunTx; nothing was executed`
	if err == nil || err.Error() != want || errors.Is(err, engine.ErrNoTx) || report == nil || len(report.Outcomes()) != 0 {
		t.Errorf("got %+v, %v; want %s", report, err, want)
	}
}

func badArguments() saferunner.Call {
	return saferunner.Define("effects.channel", func(context.Context, chan int) error { return nil }).With(make(chan int))
}

// quietTB hides the failures of a recorder that is meant to fail its test.
type quietTB struct {
	testing.TB
	texts []string
}

func (q *quietTB) Error(args ...any) { q.texts = append(q.texts, sprint(args)) }
func (q *quietTB) Errorf(format string, args ...any) {
	q.texts = append(q.texts, sprintf(format, args))
}

func TestNilCtx(t *testing.T) {
	var none context.Context
	if report, err := saferunner.Run(none, "a.b"); err == nil || report == nil {
		t.Errorf("got %v, %v", report, err)
	}
}

func TestEmptyListIsFine(t *testing.T) {
	rec := forced(t)
	report, err := saferunner.Run(rec.Context(), "empty")
	if err != nil || report.ID() == "" || report.RunID() != "empty" || len(report.Outcomes()) != 0 || report.Wait(rec.Context()) != nil {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestCallIsReusable(t *testing.T) {
	rec, e := forced(t), newEffects()
	call := e.note.With("x")
	async := call.Async() // leaves call as it is
	for range 2 {
		if _, err := saferunner.Run(rec.Context(), "again", call, call); err != nil {
			t.Fatal(err)
		}
	}
	e.wantDone(t, "x", "x", "x", "x")
	rec.Assert("again", call, call, call, call)
	if _, err := saferunner.Run(rec.Context(), "once", async); err != nil {
		t.Fatal(err)
	}
	_ = rec.Wait()
	rec.Assert("once", call.Async())
}

type mailer struct {
	from    string
	sent    []string
	Welcome *saferunner.Task[string]
}

func newMailer(from string) *mailer {
	m := &mailer{from: from}
	m.Welcome = saferunner.Define("mailer.welcome", m.welcome)
	return m
}

func (m *mailer) welcome(_ context.Context, to string) error {
	m.sent = append(m.sent, m.from+" to "+to)
	return nil
}

func TestMethodsOfTwoInstances(t *testing.T) {
	rec := forced(t)
	a, b := newMailer("a"), newMailer("b")
	if _, err := saferunner.Run(rec.Context(), "welcome", a.Welcome.With("x"), b.Welcome.With("y")); err != nil {
		t.Fatal(err)
	}
	if len(a.sent) != 1 || a.sent[0] != "a to x" || len(b.sent) != 1 || b.sent[0] != "b to y" {
		t.Errorf("sent %q and %q", a.sent, b.sent)
	}
}

func TestSyncTaskGetsTheVeryArguments(t *testing.T) {
	rec := forced(t)
	type order struct{ Charge string }
	charge := saferunner.Define("order.charge", func(_ context.Context, o *order) error { o.Charge = "ch_1"; return nil })
	o := &order{}
	if err := charge.Do(rec.Context(), "order", o); err != nil || o.Charge != "ch_1" {
		t.Errorf("got %+v, %v", o, err)
	}
	if got := string(rec.Calls("order")[0].Args); got != `{"Charge":""}` {
		t.Errorf("the journal has the arguments as they were left: %s", got)
	}
}

func TestDefinePanics(t *testing.T) {
	noop := func(context.Context, int) error { return nil }
	tests := map[string]func(){
		"short name":   func() { saferunner.Define("x", noop) },
		"long name":    func() { saferunner.Define(strings.Repeat("x", 129), noop) },
		"digit first":  func() { saferunner.Define("1x", noop) },
		"space":        func() { saferunner.Define("a b", noop) },
		"nil function": func() { saferunner.Define[int]("some.task", nil) },
		"nil result":   func() { saferunner.DefineResult[int, int]("some.task", nil) },
		"timeout":      func() { saferunner.Define("some.task", noop, saferunner.Timeout(0)) },
		"retry": func() {
			saferunner.Define("some.task", noop, saferunner.Attempts(-1))
		},
		"queue": func() { saferunner.Define("some.task", noop, saferunner.Queue("")) },
	}
	for name, define := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "saferunner: Define") {
					t.Errorf("panicked with %q", text)
				}
			}()
			define()
		})
	}
}

// What comes between two sync calls is not the second one's time.
func TestDurationIsTheCallsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(1))
		release := make(chan struct{})
		blocked := saferunner.Define("blocked.task", func(context.Context, int) error { <-release; return nil })
		calls := make([]saferunner.Call, 10_001)
		for i := range calls {
			calls[i] = blocked.With(i).Async()
		}
		if _, err := r.Run(t.Context(), "full", calls...); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Hour, func() { close(release) })
		e := newEffects()
		report, err := r.Run(t.Context(), "waits", e.double.With(1), blocked.With(1).Async(), e.double.With(2))
		if err != nil {
			t.Fatal(err)
		}
		if d := report.Outcomes()[2].Duration; d != 0 {
			t.Errorf("the call took %s", d)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

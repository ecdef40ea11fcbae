package saferunner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

func ExampleDefer() {
	sendMail := saferunner.Define("mail.send", func(context.Context, string) error { return nil })
	signUp := func(ctx context.Context, name string) error {
		_, err := saferunner.Run(ctx, "user.signed_up", sendMail.With(name))
		return err
	}
	transaction := func(ctx context.Context, name string, commit func() error) error {
		ctx, d := saferunner.Defer(ctx)
		defer d.Rollback() // does nothing after Commit
		if err := signUp(ctx, name); err != nil {
			return err
		}
		if err := commit(); err != nil {
			return err
		}
		return d.Commit(ctx)
	}

	ctx := context.Background()
	if err := transaction(ctx, "Ann", func() error { return nil }); err != nil {
		fmt.Println(err)
	}
	if err := transaction(ctx, "Bob", func() error { return errors.New("serialization failure") }); err != nil {
		fmt.Println(err)
	}
	entries, err := saferunner.Calls(ctx, "user.signed_up")
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range entries {
		fmt.Println(e.Task, string(e.Args))
	}
	// Output:
	// serialization failure
	// mail.send "Ann"
}

func TestDeferIsRecordedAtCommit(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	ctx, d := saferunner.Defer(rec.Context())
	report, err := saferunner.Run(ctx, "deferred", e.note.With("a"), e.note.With("b").Async())
	if err != nil || statuses(report) != "deferred deferred" || report.ID() == "" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	if err := report.Wait(ctx); err == nil || !strings.Contains(err.Error(), "before Commit") {
		t.Errorf("Wait: %v", err)
	}
	rec.AssertNone()
	if _, err := saferunner.Run(rec.Context(), "at.once", e.note.With("c")); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); err != nil {
		t.Error(err)
	}
	rec.Assert("deferred", e.note.With("a"), e.note.With("b").Async())
	if all := rec.All(); all[0].RunID != "deferred" || all[0].Run != report.ID() || !strings.Contains(all[0].Caller, "tx_defer_test.go") {
		t.Errorf("the first entry is %+v: IDs are not those of the Run", all[0])
	}
	if statuses(report) != "recorded recorded" || report.Wait(ctx) != nil {
		t.Errorf("after Commit: %s, %v", statuses(report), report.Wait(ctx))
	}
	if err := d.Commit(ctx); err != nil {
		t.Errorf("a second Commit: %v", err)
	}
	d.Rollback()
	rec.AssertCount("deferred", 2)
}

func TestDeferRollback(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	rec.ForceAll()
	ctx, d := saferunner.Defer(rec.Context())
	report, err := saferunner.Run(ctx, "deferred", e.note.With("a").Key("k"), e.note.With("b").Async())
	if err != nil {
		t.Fatal(err)
	}
	d.Rollback()
	d.Rollback()
	rec.AssertNone()
	e.wantDone(t)
	if statuses(report) != "cancelled cancelled" || report.Wait(ctx) == nil {
		t.Errorf("got %s, Wait %v", statuses(report), report.Wait(ctx))
	}
	if err := d.Commit(ctx); err == nil || !strings.Contains(err.Error(), "after Rollback") {
		t.Errorf("Commit: %v", err)
	}
	if report, err := saferunner.Run(rec.Context(), "later", e.note.With("c").Key("k")); err != nil || statuses(report) != "done" {
		t.Errorf("the key was claimed: %s, %v", statuses(report), err)
	}
}

// Commit executes with copies of what was passed, whatever has become of it
// and of the ctx, and each list stops by itself.
func TestDeferExecutesAtCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, e := quiet(t), newEffects()
		var seen []string
		list := saferunner.Define("deferred.list", func(ctx context.Context, s []string) error {
			seen = append(seen, s[0]+" "+fmt.Sprint(ctx.Value(ctxKey{})))
			s[0] = "by the task"
			return ctx.Err()
		})
		ended, end := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "of Run"))
		ctx, d := saferunner.Defer(ended)
		passed := []string{"passed"}
		first, err := r.Run(ctx, "first", list.With(passed), e.fail.With("stops"), e.note.With("skipped"))
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.Run(ctx, "second", e.double.With(4), e.note.With("sync"), e.note.With("async").Async(), e.double.With(5).Async())
		if err != nil {
			t.Fatal(err)
		}
		passed[0] = "changed"
		end()
		if err := d.Commit(ctx); !errors.Is(err, errBroken) {
			t.Errorf("Commit: %v", err)
		}
		if err := second.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		e.wantDone(t, "stops", "sync", "async")
		if got := strings.Join(seen, ", "); got != "passed of Run" {
			t.Errorf("the task got %s", got)
		}
		if got := statuses(first); got != "done failed skipped" {
			t.Errorf("the first list: %s", got)
		}
		if got, err := e.double.Result(second); got != 8 || err != nil || len(second.Results()) != 2 {
			t.Errorf("result %d, %v, of %v", got, err, second.Results())
		}
		entries, err := r.Calls(t.Context(), "first")
		if err != nil || string(entries[0].Args) != `["passed"]` {
			t.Errorf("the journal has %s, %v", entries[0].Args, err)
		}
	})
}

func TestDeferredCtxIsSpent(t *testing.T) {
	e := newEffects()
	for name, end := range map[string]func(context.Context, *saferunner.Deferred) error{
		"Commit":   func(ctx context.Context, d *saferunner.Deferred) error { return d.Commit(ctx) },
		"Rollback": func(_ context.Context, d *saferunner.Deferred) error { d.Rollback(); return nil },
	} {
		rec := saferunnertest.New(t)
		ctx, d := saferunner.Defer(rec.Context())
		if err := end(ctx, d); err != nil {
			t.Error(err)
		}
		_, err := saferunner.Run(ctx, "late", e.note.With("x"))
		if err == nil || strings.Count(err.Error(), "tx_defer_test.go:") != 2 {
			t.Errorf("after %s: %v", name, err)
		}
		if err != nil {
			rec.AllowRefused(err)
		}
		rec.AssertNone()
	}
}

func TestDeferRefuses(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	ctx, d := saferunner.Defer(rec.Context())
	if _, err := e.double.Do(ctx, "result", 1); err == nil || !strings.Contains(err.Error(), "before Commit") {
		t.Errorf("Do of a result task: %v", err)
	}
	if _, err := saferunner.Run(ctx, "", e.note.With("x")); !errors.Is(err, saferunner.ErrRunID) {
		t.Errorf("a bad list: %v", err)
	}
	rec.AllowRefused(saferunner.ErrRunID)
	report, err := saferunner.Run(ctx, "result", e.double.With(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.double.Result(report); err == nil || !strings.Contains(err.Error(), "after Commit") {
		t.Errorf("Result: %v", err)
	}
	var none context.Context
	if err := d.Commit(none); err == nil {
		t.Error("Commit took a nil ctx")
	}
	var nobody *saferunner.Deferred
	if nobody.Rollback(); nobody.Commit(ctx) == nil {
		t.Error("Commit of nil returned no error")
	}
	if err := d.Commit(ctx); err != nil {
		t.Error(err)
	}
	rec.AssertCount("result", 1)
}

// A Defer in a Defer is a savepoint.
func TestNestedDefer(t *testing.T) {
	rec, e := forced(t), newEffects()
	run := func(ctx context.Context, text string) {
		if _, err := saferunner.Run(ctx, "nested", e.note.With(text)); err != nil {
			t.Error(err)
		}
	}
	outer, parent := saferunner.Defer(rec.Context())
	run(outer, "1")
	inner, child := saferunner.Defer(outer)
	run(inner, "2")
	dropped, undone := saferunner.Defer(outer)
	run(dropped, "undone")
	undone.Rollback()
	run(outer, "3")
	if err := child.Commit(inner); err != nil {
		t.Error(err)
	}
	rec.AssertNone()
	late, orphan := saferunner.Defer(outer)
	run(late, "too late")
	if err := parent.Commit(outer); err != nil {
		t.Error(err)
	}
	if err := orphan.Commit(late); err == nil || !strings.Contains(err.Error(), "has ended before") {
		t.Errorf("Commit in one that has ended: %v", err)
	}
	rec.Assert("nested", e.note.With("1"), e.note.With("2"), e.note.With("3"))
	e.wantDone(t, "1", "2", "3") // in the order of their Runs
}

func TestCommitAfterShutdown(t *testing.T) {
	r, e := quiet(t), newEffects()
	ctx, d := saferunner.Defer(t.Context())
	report, err := r.Run(ctx, "deferred", e.note.With("x"))
	if err := errors.Join(err, r.Shutdown(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); !errors.Is(err, saferunner.ErrShutdown) || statuses(report) != "cancelled" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t)
}

// A task that leaves by Goexit takes no list with it.
func TestGoexitInACommit(t *testing.T) {
	r, e := quiet(t), newEffects()
	exits := saferunner.Define("deferred.exits", func(context.Context, int) error { runtime.Goexit(); return nil })
	ctx, d := saferunner.Defer(t.Context())
	_, err := r.Run(ctx, "first", exits.With(1))
	_, err2 := r.Run(ctx, "second", e.note.With("second"))
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Commit(ctx) })
	wg.Wait()
	e.wantDone(t, "second")
}

// A Report is read while its list executes.
func TestReportDuringCommit(t *testing.T) {
	r, e := quiet(t), newEffects()
	for range 50 {
		ctx, d := saferunner.Defer(t.Context())
		report, err := r.Run(ctx, "read", e.double.With(1), e.fail.With("x").BestEffort(), e.double.With(2).Async(), e.double.With(3).Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		ended := make(chan struct{})
		wg.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				for i, o := range report.Outcomes() {
					if o.Status == "done" && o.Result == nil || o.Status == "failed" && o.Err == nil {
						t.Errorf("call %d is told in part: %+v", i, o)
					}
				}
				_, _ = report.Results(), report.Wait(t.Context())
			}
		})
		if err := d.Commit(ctx); err != nil {
			t.Error(err)
		}
		_ = report.Wait(t.Context())
		close(ended)
		wg.Wait()
	}
}

func TestForgottenDeferIsLogged(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	logged := func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
	r := newRunner(t, saferunner.WithLogger(slog.New(slog.NewTextHandler(locked{&mu, &log}, nil))))
	func() {
		ctx, _ := saferunner.Defer(saferunner.NewContext(t.Context(), r))
		if _, err := saferunner.Run(ctx, "forgotten", newEffects().note.With("x")); err != nil {
			t.Error(err)
		}
	}()
	for logged() == "" {
		runtime.GC()
	}
	if got := logged(); !strings.Contains(got, "neither committed nor rolled back") || !strings.Contains(got, "tx_defer_test.go:") {
		t.Errorf("the log has %s", got)
	}
}

type locked struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l locked) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(text)
}

// Runs also wait where their ctx hides the one of Defer, and not in a task.
func TestDeferredCtxInARequest(t *testing.T) {
	rec, e := forced(t), newEffects()
	ctx, d := saferunner.Defer(rec.Context())
	request := httptest.NewRequestWithContext(ctx, "POST", "/", nil)
	hidden := appContext{context.Background(), request}
	runs := saferunner.Define("deferred.runs", func(ctx context.Context, _ int) error {
		return e.note.Do(appContext{ctx, request}, "inner", "inner")
	})
	for _, ctx := range []context.Context{hidden, appContext{saferunner.NewContext(context.Background(), rec.Runner()), request}} {
		report, err := saferunner.Run(ctx, "outer", runs.With(1))
		if err != nil || statuses(report) != "deferred" {
			t.Errorf("got %s, %v", statuses(report), err)
		}
	}
	if err := d.Commit(ctx); err != nil {
		t.Error(err)
	}
	e.wantDone(t, "inner", "inner")
}

package saferunnertest_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestParallelTestsNeverSeeEachOther(t *testing.T) {
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			rec := saferunnertest.New(t)
			for range 100 {
				if _, err := saferunner.Run(rec.Context(), "mine", quote.With(i)); err != nil {
					t.Fatal(err)
				}
			}
			rec.AssertCount("mine", 100)
			for _, n := range saferunnertest.Args(rec, "mine", quote) {
				if n != i {
					t.Errorf("test %d has a call of test %d", i, n)
				}
			}
		})
	}
}

func TestStubAnswers(t *testing.T) {
	rec := saferunnertest.New(t)
	saferunnertest.Stub(rec, quote, func(n int) (int, error) {
		if n < 0 {
			return 0, errors.New("negative")
		}
		return n * 100, nil
	})
	if out, err := quote.Do(rec.Context(), "quotes", 3); out != 300 || err != nil {
		t.Errorf("got %d, %v", out, err)
	}
	if _, err := quote.Do(rec.Context(), "quotes", -3); err == nil || !strings.Contains(err.Error(), "negative") {
		t.Errorf("got %v", err)
	}
	rec.Assert("quotes", quote.With(3), quote.With(-3))
	entries := rec.Calls("quotes")
	if entries[0].Status != journal.StatusStubbed || string(entries[0].Result) != "300" || entries[1].Status != journal.StatusFailed {
		t.Errorf("got %+v", entries)
	}
}

func TestStubOfTheWrongTypeSaysSo(t *testing.T) {
	rec := saferunnertest.New(t)
	twin := saferunner.DefineResult("price.quote", func(context.Context, string) (int, error) { return 0, nil })
	saferunnertest.Stub(rec, quote, func(int) (int, error) { return 1, nil })
	if _, err := twin.Do(rec.Context(), "twin", "x"); err == nil || !strings.Contains(err.Error(), "two tasks share this name") {
		t.Errorf("got %v", err)
	}
}

func TestStubThatPanics(t *testing.T) {
	rec := saferunnertest.New(t)
	saferunnertest.Stub(rec, quote, func(int) (int, error) { panic("in the stub") })
	if _, err := quote.Do(rec.Context(), "panics", 3); !errors.Is(err, saferunner.ErrPanic) {
		t.Errorf("got %v", err)
	}
}

func TestFailInjectsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := saferunnertest.New(t)
		broken := errors.New("no network")
		rec.Fail(sendSMS, broken)
		report, err := saferunner.Run(rec.Context(), "sync", sendSMS.With(SMS{}), quote.With(1))
		if !errors.Is(err, broken) || report.Outcomes()[1].Status != journal.StatusSkipped {
			t.Errorf("got %v, %s", err, report.Outcomes()[1].Status)
		}
		rec.Assert("sync", sendSMS.With(SMS{}))
		report, err = saferunner.Run(rec.Context(), "async", sendSMS.With(SMS{}).Async(), quote.With(1))
		if err != nil || report.Outcomes()[0].Status != journal.StatusFailed {
			t.Errorf("Run does not return the failure of an async call: got %v, %s", err, report.Outcomes()[0].Status)
		}
		if err := report.Wait(t.Context()); !errors.Is(err, broken) {
			t.Errorf("Wait returned %v", err)
		}
		if entry := rec.Calls("async")[0]; entry.Status != journal.StatusFailed || entry.ErrorText() != "no network" {
			t.Errorf("got %+v", entry)
		}
	})
}

func TestPerform(t *testing.T) {
	rec := saferunnertest.New(t)
	var did []int
	broken := errors.New("broken")
	inner := saferunner.Define("inner.task", func(context.Context, int) error { t.Error("executed"); return nil })
	count := saferunner.Define("count.task", func(ctx context.Context, n int) error {
		did = append(did, n)
		_, err := saferunner.Run(ctx, "inner", inner.With(n))
		return err
	})
	fail := saferunner.Define("fail.task", func(context.Context, int) error { return broken })
	if _, err := saferunner.Run(rec.Context(), "all", count.With(1).Async(), fail.With(2), count.With(3)); err != nil {
		t.Fatal(err)
	}
	if err := rec.Perform(count); err != nil || !slices.Equal(did, []int{1, 3}) {
		t.Errorf("did %v, %v", did, err)
	}
	if err := rec.Perform(count, fail); !errors.Is(err, broken) || len(did) != 2 {
		t.Errorf("did %v, %v: each call is performed once", did, err)
	}
	rec.Assert("inner", inner.With(1), inner.With(3))
	var got []journal.Status
	for _, e := range rec.Calls("all") {
		got = append(got, e.Status)
	}
	if want := []journal.Status{"done", "failed", "done"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// No tasks are none: it is PerformAll that means all.
func TestPerformOfNothing(t *testing.T) {
	rec := saferunnertest.New(t)
	executes := saferunner.Define("count.task", func(context.Context, int) error { t.Error("executed"); return nil })
	if _, err := saferunner.Run(rec.Context(), "all", executes.With(1), executes.With(2).Async()); err != nil {
		t.Fatal(err)
	}
	var empty []saferunner.Named
	other := saferunner.Define("other.task", func(context.Context, int) error { t.Error("executed"); return nil })
	if err := errors.Join(rec.Perform(), rec.Perform(empty...), rec.Perform(other)); err != nil {
		t.Error(err)
	}
	rec.Assert("all", executes.With(1), executes.With(2).Async())

	f := newFake(t)
	fake := saferunnertest.New(f)
	if _, err := saferunner.Run(fake.Context(), "all", executes.With(1)); err != nil {
		t.Fatal(err)
	}
	var missing *saferunner.Task[int]
	for _, tasks := range [][]saferunner.Named{{nil}, {missing}, {executes, nil}} {
		if err := fake.Perform(tasks...); err == nil {
			t.Errorf("Perform(%v) returned no error", tasks)
		}
	}
	f.end()
	f.take()
}

func TestWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := saferunnertest.New(t)
		start := time.Now()
		if _, err := saferunner.Run(rec.Context(), "bubble", quote.With(1), quote.With(2).After(time.Hour)); err != nil {
			t.Fatal(err)
		}
		rec.Assert("bubble", quote.With(1), quote.With(2).After(time.Hour))
		rec.Assert("bubble", quote.With(1), quote.With(2).Async()) // no time is wanted
		if at := rec.Calls("bubble")[0].At; !at.Equal(start) {
			t.Errorf("at %s, want %s", at, start)
		}
	})
}

func TestEndWaitsForForcedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(t)
		rec := saferunnertest.New(fake)
		done, stuck := false, make(chan struct{})
		slow := saferunner.Define("slow.task", func(context.Context, int) error {
			time.Sleep(time.Second)
			done = true
			return nil
		})
		rec.ForceAll()
		if _, err := saferunner.Run(rec.Context(), "slow", slow.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		fake.end()
		if !done || fake.failed {
			t.Errorf("done %v, failed %v:\n%s", done, fake.failed, fake.take())
		}

		fake = newFake(t)
		rec = saferunnertest.New(fake)
		rec.ForceAll()
		deaf := saferunner.Define("deaf.task", func(context.Context, int) error { <-stuck; return nil })
		if _, err := saferunner.Run(rec.Context(), "deaf", deaf.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		fake.end()
		if text := fake.take(); !fake.failed || !strings.Contains(text, "deaf.task") {
			t.Errorf("failed %v:\n%s", fake.failed, text)
		}
		close(stuck)
	})
}

func TestRefusedListFailsTheTestInTheEnd(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	bad := saferunner.Define("bad.task", func(context.Context, func()) error { return nil })
	_, _ = saferunner.Run(rec.Context(), "swallowed", bad.With(func() {}).Async())
	if fake.failed {
		t.Error("it failed before its end")
	}
	fake.end()
	if !fake.failed {
		t.Error("it did not fail")
	}
}

func TestFunctionsCompareByIdentity(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	task := saferunner.Define("callback.task", func(context.Context, struct{ F func() }) error { return nil })
	type arg = struct{ F func() }
	f, g := func() { _ = fake }, func() { _ = rec }
	if _, err := saferunner.Run(rec.Context(), "callback", task.With(arg{f})); err != nil {
		t.Fatal(err)
	}
	rec.Assert("callback", task.With(arg{f}))
	if fake.failed {
		t.Errorf("the same function differs:\n%s", fake.take())
	}
	rec.Assert("callback", task.With(arg{g}))
	if !fake.failed {
		t.Error("another function is equal")
	}
}

func TestClearForgetsCallsAndKeepsRules(t *testing.T) {
	rec := saferunnertest.New(t)
	saferunnertest.Stub(rec, quote, func(int) (int, error) { return 7, nil })
	for range 2 {
		if out, err := quote.Do(rec.Context(), "quotes", 1); out != 7 || err != nil {
			t.Errorf("got %d, %v", out, err)
		}
		rec.AssertCount("quotes", 1)
		rec.Clear()
		rec.AssertNone()
	}
}

func TestRunnerOfTheRecorder(t *testing.T) {
	rec := saferunnertest.New(t)
	if _, err := rec.Runner().Run(context.Background(), "runner", quote.With(1)); err != nil {
		t.Fatal(err)
	}
	rec.Assert("runner", quote.With(1))
}

func TestOwnUnowned(t *testing.T) {
	t.Run("owns", func(t *testing.T) {
		rec := saferunnertest.New(t, saferunnertest.OwnUnowned())
		if _, err := saferunner.Run(context.Background(), "unowned", quote.With(1)); err != nil {
			t.Fatal(err)
		}
		rec.Assert("unowned", quote.With(1))
	})
	t.Run("ends", func(t *testing.T) {
		rec := saferunnertest.New(t)
		if _, err := saferunner.Run(context.Background(), "after", quote.With(1)); err != nil {
			t.Fatal(err)
		}
		rec.AssertNone()
	})
	t.Run("parallel", func(t *testing.T) {
		t.Parallel()
		fake := newFake(t)
		defer func() {
			if recover() == nil || !strings.Contains(fake.take(), "parallel") {
				t.Error("a parallel test may own what is unowned")
			}
			fake.end()
		}()
		saferunnertest.New(fake, saferunnertest.OwnUnowned())
	})
}

func TestOwnUnownedIsGivenBack(t *testing.T) {
	rec := saferunnertest.New(t, saferunnertest.OwnUnowned())
	t.Run("inner", func(t *testing.T) {
		inner := saferunnertest.New(t, saferunnertest.OwnUnowned())
		if err := sendSMS.Do(context.Background(), "inner", SMS{}); err != nil {
			t.Fatal(err)
		}
		inner.AssertCount("inner", 1)
	})
	if err := sendSMS.Do(context.Background(), "outer", SMS{}); err != nil {
		t.Fatal(err)
	}
	rec.AssertCount("outer", 1)
	rec.AssertCount("inner", 0)
}

func TestClearKeepsWhatFailsTheTest(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	bad := saferunner.Define("bad.task", func(context.Context, func()) error { return nil })
	_, _ = saferunner.Run(rec.Context(), "swallowed", bad.With(func() {}).Async())
	rec.Clear()
	fake.end()
	if !fake.failed {
		t.Error("Clear has hidden a refused list")
	}
}

// What comes after a failed assertion is logged at the end.
func TestLogIsComplete(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	if err := sendSMS.Do(rec.Context(), "log", SMS{Text: "first"}); err != nil {
		t.Fatal(err)
	}
	rec.AssertCount("log", 7)
	if err := sendSMS.Do(rec.Context(), "log", SMS{Text: "second"}); err != nil {
		t.Fatal(err)
	}
	fake.take()
	fake.end()
	if text := fake.take(); !strings.Contains(text, "second") || strings.Contains(text, "first") {
		t.Errorf("the log has\n%s", text)
	}
}

func TestArgsAreTyped(t *testing.T) {
	rec := saferunnertest.New(t)
	sms := SMS{To: "x", Sender: &Sender{"a", "secret"}}
	if _, err := saferunner.Run(rec.Context(), "typed", sendSMS.With(sms), quote.With(1)); err != nil {
		t.Fatal(err)
	}
	if got := saferunnertest.Args(rec, "typed", sendSMS); !reflect.DeepEqual(got, []SMS{sms}) {
		t.Errorf("got %+v", got)
	}
	if got := saferunnertest.Args(rec, "typed", quote); !slices.Equal(got, []int{1}) {
		t.Errorf("got %v", got)
	}
}

func FuzzRecorder(f *testing.F) {
	f.Add("hello")
	f.Fuzz(func(t *testing.T, text string) {
		rec := saferunnertest.New(t)
		if _, err := saferunner.Run(rec.Context(), "fuzz", sendSMS.With(SMS{Text: text})); err != nil {
			t.Fatal(err)
		}
		rec.Assert("fuzz", sendSMS.With(SMS{Text: text}))
	})
}

func BenchmarkRecorder(b *testing.B) {
	rec := saferunnertest.New(b)
	for b.Loop() {
		if _, err := saferunner.Run(rec.Context(), "benchmark", quote.With(1)); err != nil {
			b.Fatal(err)
		}
	}
}

// A transaction whose end a test has forgotten fails it.
func TestDeferFailsTheTestThatForgetsIt(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	ctx, d := saferunner.Defer(rec.Context())
	if _, err := saferunner.Run(ctx, "forgotten", quote.With(1)); err != nil {
		t.Fatal(err)
	}
	fake.end()
	if text := fake.take(); !fake.failed || !strings.Contains(text, "neither committed nor rolled back") || !strings.Contains(text, "recorder_test.go:") {
		t.Errorf("failed %t: %s", fake.failed, text)
	}
	d.Rollback()

	fake = newFake(t)
	rec = saferunnertest.New(fake)
	ctx, d = saferunner.Defer(rec.Context())
	if err := d.Commit(ctx); err != nil {
		t.Error(err)
	}
	if fake.end(); fake.failed {
		t.Error(fake.take())
	}
}

// An assertion that comes before the transaction has ended says what waits
// for it.
func TestAssertionBeforeCommit(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	run := func(ctx context.Context, runID string) {
		t.Helper()
		if _, err := saferunner.Run(ctx, runID, quote.With(1)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, d := saferunner.Defer(rec.Context())
	defer d.Rollback()
	rec.Assert("waits", quote.With(1))
	if text := fake.take(); !strings.Contains(text, "was the code given rec.Context()?") {
		t.Errorf("before the Run: %s", text)
	}
	run(ctx, "waits")
	run(ctx, "waits")
	assertions := map[string]func(){
		"Assert":      func() { rec.Assert("waits", quote.With(1)) },
		"AssertCount": func() { rec.AssertCount("waits", 2) },
		"AssertTask":  func() { rec.AssertTask("waits", quote, 2) },
	}
	for _, recorded := range []string{"", "other"} {
		if recorded != "" {
			run(rec.Context(), recorded)
		}
		for name, assert := range assertions {
			assert()
			text := fake.take()
			if !strings.Contains(text, "\n2 lists wait for Commit of the Defer at recorder_test.go:") ||
				strings.Contains(text, "rec.Context()?") || strings.Contains(text, "assert it with") || strings.Contains(text, "misspelt") {
				t.Errorf("%s, recorded %q: %s", name, recorded, text)
			}
		}
	}
	run(rec.Context(), "waits")
	rec.AssertCount("waits", 3)
	if text := fake.take(); !strings.Contains(text, "\n2 lists wait for Commit of the Defer at recorder_test.go:") {
		t.Errorf("some are recorded: %s", text)
	}
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	rec.AssertCount("waits", 4)
	if text := fake.take(); strings.Contains(text, "lists wait") || strings.Contains(text, "list waits") {
		t.Errorf("after Commit: %s", text)
	}
}

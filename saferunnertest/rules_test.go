package saferunnertest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

var errNoNetwork = errors.New("no network")

// counted is a task of each kind that counts how often it executes.
type counted struct {
	executed atomic.Int32
	plain    *saferunner.Task[int]
	result   *saferunner.ResultTask[int, int]
}

func newCounted(opts ...saferunner.TaskOption) *counted {
	c := &counted{}
	c.plain = saferunner.Define("counted.plain", func(context.Context, int) error { c.executed.Add(1); return nil }, opts...)
	c.result = saferunner.DefineResult("counted.result", func(_ context.Context, n int) (int, error) { c.executed.Add(1); return n, nil }, opts...)
	return c
}

// outcome runs a call of the result task and says what has become of it.
func (c *counted) outcome(rec *saferunnertest.Recorder, n int) string {
	before := c.executed.Load()
	out, err := c.result.Do(rec.Context(), "outcome", n)
	switch {
	case c.executed.Load() > before:
		return fmt.Sprint("executed ", out)
	case errors.Is(err, errNoNetwork):
		return "failed"
	case errors.Is(err, saferunner.ErrRecorded):
		return "recorded"
	case err != nil:
		return err.Error()
	}
	return fmt.Sprint("stubbed ", out)
}

// Of Stub, Fail and Force the last word about a task wins, and beats ForceAll.
func TestLastWordWins(t *testing.T) {
	words := []struct {
		name string
		say  func(*saferunnertest.Recorder, *counted)
		want string
	}{
		{"stub", func(r *saferunnertest.Recorder, c *counted) {
			saferunnertest.Stub(r, c.result, func(n int) (int, error) { return -n, nil })
		}, "stubbed -3"},
		{"fail", func(r *saferunnertest.Recorder, c *counted) { r.Fail(c.result, errNoNetwork) }, "failed"},
		{"force", func(r *saferunnertest.Recorder, c *counted) { r.Force(c.result) }, "executed 3"},
		{"fail func", func(r *saferunnertest.Recorder, c *counted) {
			saferunnertest.FailFunc(r, c.result, func(int) error { return errNoNetwork })
		}, "failed"},
		{"fail once", func(r *saferunnertest.Recorder, c *counted) { r.FailTimes(c.result, 1, errNoNetwork) }, "failed"},
	}
	for _, first := range words {
		for _, second := range words {
			for _, last := range words {
				for _, forceAll := range []int{0, 1, 2, 3} { // at which place, if at one
					rec, c := saferunnertest.New(t), newCounted()
					for i, word := range []func(*saferunnertest.Recorder, *counted){first.say, second.say, last.say} {
						if word(rec, c); forceAll == i+1 {
							rec.ForceAll()
						}
					}
					if got := c.outcome(rec, 3); got != last.want {
						t.Errorf("%s, %s, %s, ForceAll %d: %s, want %s", first.name, second.name, last.name, forceAll, got, last.want)
					}
				}
			}
		}
	}
}

// A nil error takes the faults of a task back: what was said before holds.
func TestFailIsTakenBack(t *testing.T) {
	faults := map[string]func(*saferunnertest.Recorder, *counted){
		"Fail":      func(r *saferunnertest.Recorder, c *counted) { r.Fail(c.result, errNoNetwork) },
		"FailTimes": func(r *saferunnertest.Recorder, c *counted) { r.FailTimes(c.result, 9, errNoNetwork) },
		"FailFunc": func(r *saferunnertest.Recorder, c *counted) {
			saferunnertest.FailFunc(r, c.result, func(int) error { return errNoNetwork })
		},
		"several": func(r *saferunnertest.Recorder, c *counted) {
			r.FailTimes(c.result, 9, errNoNetwork)
			r.Fail(c.result, errNoNetwork)
			r.FailTimes(c.result, 1, errNoNetwork)
		},
		"none": func(*saferunnertest.Recorder, *counted) {},
	}
	before := map[string]func(*saferunnertest.Recorder, *counted){
		"recorded": func(*saferunnertest.Recorder, *counted) {},
		"stubbed -3": func(r *saferunnertest.Recorder, c *counted) {
			saferunnertest.Stub(r, c.result, func(n int) (int, error) { return -n, nil })
		},
		"executed 3": func(r *saferunnertest.Recorder, c *counted) { r.Force(c.result) },
	}
	for want, say := range before {
		for name, fault := range faults {
			rec, c := saferunnertest.New(t), newCounted()
			say(rec, c)
			if fault(rec, c); name != "none" && c.outcome(rec, 3) != "failed" {
				t.Errorf("%s over %s: it does not fail", name, want)
			}
			rec.Fail(c.result, nil)
			if got := c.outcome(rec, 3); got != want {
				t.Errorf("%s, taken back: %s, want %s", name, got, want)
			}
		}
	}
}

// FailTimes fails so many calls, of either kind of task, sync or async, and
// from however many goroutines they come.
func TestFailTimes(t *testing.T) {
	rec, c := saferunnertest.New(t), newCounted()
	rec.ForceAll()
	rec.FailTimes(c.plain, 7, errNoNetwork)
	var failed atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			call := c.plain.With(i)
			if i%2 == 0 {
				call = call.Async()
			}
			report, err := saferunner.Run(rec.Context(), "many", call)
			if errors.Is(errors.Join(err, report.Wait(t.Context())), errNoNetwork) {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	if failed.Load() != 7 || c.executed.Load() != 13 {
		t.Errorf("%d have failed and %d executed, want 7 and 13", failed.Load(), c.executed.Load())
	}
}

// FailFunc depends on the arguments; nil is no fault.
func TestFailFunc(t *testing.T) {
	rec, c := saferunnertest.New(t), newCounted()
	odd := func(n int) error {
		if n%2 == 1 {
			return fmt.Errorf("%d: %w", n, errNoNetwork)
		}
		return nil
	}
	saferunnertest.FailFunc(rec, c.plain, odd)
	rec.Force(c.result)
	saferunnertest.FailFunc(rec, c.result, odd)
	for n := range 4 {
		err := c.plain.Do(rec.Context(), "plain", n)
		if failed := errors.Is(err, errNoNetwork); failed != (n%2 == 1) {
			t.Errorf("plain %d: %v", n, err)
		}
		if want := []string{"executed 0", "failed", "executed 2", "failed"}[n]; c.outcome(rec, n) != want {
			t.Errorf("result %d: not %s", n, want)
		}
	}
	rec.Assert("plain", c.plain.With(0), c.plain.With(1), c.plain.With(2), c.plain.With(3))
	if e := rec.Calls("plain"); e[0].Status != journal.StatusRecorded || e[1].Status != journal.StatusFailed || e[1].ErrorText() != "1: no network" {
		t.Errorf("the journal has %s, %s %q", e[0].Status, e[1].Status, e[1].ErrorText())
	}
}

// The function of FailFunc gets a copy, may panic, and is told of another type.
func TestFailFuncIsKeptApart(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	saferunnertest.FailFunc(rec, updateCRM, func(m map[string]int) error {
		m["changed"] = 1
		if len(m) > 2 {
			panic("too many")
		}
		return nil
	})
	m := map[string]int{"a": 1}
	if err := updateCRM.Do(rec.Context(), "crm", m); err != nil || len(m) != 1 {
		t.Errorf("got %v, the caller's map is %v", err, m)
	}
	rec.Assert("crm", updateCRM.With(map[string]int{"a": 1}))
	if err := updateCRM.Do(rec.Context(), "crm", map[string]int{"a": 1, "b": 2}); !errors.Is(err, saferunner.ErrPanic) {
		t.Errorf("got %v", err)
	}
	twin := saferunner.Define("crm.update", func(context.Context, string) error { return nil })
	if err := twin.Do(rec.Context(), "crm", "x"); err == nil || !strings.Contains(err.Error(), "two tasks have this name") {
		t.Errorf("got %v", err)
	}
	if fake.failed {
		t.Errorf("the test has failed:\n%s", fake.take())
	}
}

// A call that a fault fails is not tried again, whatever its task allows.
func TestFaultedCallIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, c := saferunnertest.New(t), newCounted(saferunner.Attempts(5), saferunner.Backoff(time.Second, time.Second))
		rec.ForceAll()
		rec.FailTimes(c.plain, 1, errNoNetwork)
		rec.Fail(c.result, errNoNetwork)
		report, err := saferunner.Run(rec.Context(), "faulted", c.plain.With(1).Async(), c.result.With(2).Async(), c.result.With(3).After(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); strings.Count(fmt.Sprint(err), "no network") != 3 {
			t.Errorf("Wait returned %v", err)
		}
		time.Sleep(2 * time.Hour)
		for _, e := range rec.Calls("faulted") {
			if e.Status != journal.StatusFailed || len(e.Attempts) != 1 || c.executed.Load() != 0 {
				t.Errorf("%s: %s after %d attempts", e.Task, e.Status, len(e.Attempts))
			}
		}
	})
}

func TestBadFaultsFailTheTest(t *testing.T) {
	var zero saferunner.Task[int]
	for name, say := range map[string]func(*saferunnertest.Recorder){
		"no times":         func(r *saferunnertest.Recorder) { r.FailTimes(quote, 0, errNoNetwork) },
		"no error":         func(r *saferunnertest.Recorder) { r.FailTimes(quote, 1, nil) },
		"FailTimes of nil": func(r *saferunnertest.Recorder) { r.FailTimes(nil, 1, errNoNetwork) },
		"Fail of zero":     func(r *saferunnertest.Recorder) { r.Fail(&zero, errNoNetwork) },
		"no function":      func(r *saferunnertest.Recorder) { saferunnertest.FailFunc(r, quote, nil) },
		"FailFunc of nil":  func(r *saferunnertest.Recorder) { saferunnertest.FailFunc(r, nil, func(int) error { return nil }) },
		"no stub":          func(r *saferunnertest.Recorder) { saferunnertest.Stub[int, int](r, quote, nil) },
		"Stub of nil": func(r *saferunnertest.Recorder) {
			saferunnertest.Stub(r, nil, func(int) (int, error) { return 0, nil })
		},
		"Force of zero":  func(r *saferunnertest.Recorder) { r.Force(quote, &zero) },
		"Perform of nil": func(r *saferunnertest.Recorder) { _ = r.Perform(nil) },
	} {
		fake := newFake(t)
		rec := saferunnertest.New(fake)
		if say(rec); !fake.failed {
			t.Errorf("%s does not fail the test", name)
		}
		if out, err := quote.Do(rec.Context(), "after", 1); !errors.Is(err, saferunner.ErrRecorded) {
			t.Errorf("%s changes a rule: got %d, %v", name, out, err)
		}
	}
}

// All has everything, in order, however much there is; an empty run ID is no
// word for that.
func TestAll(t *testing.T) {
	fake := newFake(t)
	rec := saferunnertest.New(fake)
	const lists = journal.MaxPage + 5
	for i := range lists {
		if _, err := saferunner.Run(rec.Context(), fmt.Sprint("run ", i%3), quote.With(i), sendSMS.With(SMS{}).Async()); err != nil {
			t.Fatal(err)
		}
	}
	var args []string
	for _, e := range rec.All() {
		if e.Task == quote.Name() {
			args = append(args, string(e.Args))
		}
	}
	inOrder := slices.IsSortedFunc(args, func(a, b string) int { return len(a)*100_000 - len(b)*100_000 + strings.Compare(a, b) })
	if len(args) != lists || !inOrder || fake.failed {
		t.Errorf("%d of %d calls, in order: %v\n%s", len(args), lists, inOrder, fake.take())
	}
	if got := rec.Calls(""); got != nil || !fake.failed || !strings.Contains(fake.take(), "bad run ID") {
		t.Errorf("Calls of an empty run ID returns %d entries", len(got))
	}
}

// Wait returns what forced async calls have failed with since the last one.
func TestWaitReturnsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := saferunnertest.New(t)
		fails := saferunner.Define("fails.task", func(_ context.Context, n int) error {
			switch n {
			case 0:
				return nil
			case 1:
				panic("oh no")
			}
			return errNoNetwork
		}, saferunner.Attempts(2))
		rec.Force(fails)
		if err := rec.Wait(); err != nil {
			t.Errorf("before anything: %v", err)
		}
		_, err := saferunner.Run(rec.Context(), "fails", fails.With(0).Async(), fails.With(1).Async(), fails.With(2).After(time.Hour), fails.With(3).Async().BestEffort())
		if err != nil {
			t.Fatal(err)
		}
		err = rec.Wait()
		if !errors.Is(err, errNoNetwork) || !errors.Is(err, saferunner.ErrPanic) || strings.Count(err.Error(), "attempt 2") != 3 {
			t.Errorf("got %v", err)
		}
		if call, ok := errors.AsType[*saferunner.CallError](err); !ok || call.Task != "fails.task" {
			t.Errorf("got %T", err)
		}
		if err := rec.Wait(); err != nil {
			t.Errorf("told twice: %v", err)
		}
		if _, err := saferunner.Run(rec.Context(), "again", fails.With(4).Async()); err != nil {
			t.Fatal(err)
		}
		if err := rec.Wait(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	})
}

package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

// What a call returned is never told in part: while its end is being written
// down, the call still goes on.
func TestOutcomeWhileTheJournalIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newHanging(false, func(method string, changes []journal.Change) bool {
			return method == "Write" && changes[0].Entry().Status.Final()
		})
		r := quiet(t, saferunner.WithJournal(slow))
		text := saferunner.DefineResult("slow.text", func(context.Context, int) (string, error) { return "text", nil })
		fails := saferunner.Define("slow.fails", func(context.Context, int) error { return errBroken })
		report, err := r.Run(t.Context(), "slow", text.With(1).Async(), fails.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, o := range report.Outcomes() {
			if o.Status != journal.StatusRunning || o.Result != nil || o.Err != nil {
				t.Errorf("before the journal has it: %+v", o)
			}
		}
		if got, err := text.Result(report); err == nil || !strings.Contains(err.Error(), "has not ended") {
			t.Errorf("Result: %q, %v", got, err)
		}
		close(slow.release)
		if err := report.Wait(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("Wait: %v", err)
		}
		if got, err := text.Result(report); got != "text" || err != nil {
			t.Errorf("Result after Wait: %q, %v", got, err)
		}
		if o := report.Outcomes()[1]; o.Status != journal.StatusFailed || !errors.Is(o.Err, errBroken) {
			t.Errorf("after Wait: %+v", o)
		}
	})
}

// A result is read as often as possible while it comes.
func TestResultIsNeverHalfThere(t *testing.T) {
	r := quiet(t)
	text := saferunner.DefineResult("half.text", func(context.Context, int) (string, error) { return "text", nil })
	for range 2000 {
		report, err := r.Run(t.Context(), "half", text.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		for {
			got, err := text.Result(report)
			if err == nil && got != "text" {
				t.Fatalf("a result of %q, without an error", got)
			}
			if err == nil {
				break
			}
		}
	}
}

// A call that Shutdown has given up may end after all. Its outcome says one
// thing: at first that it was given up, and then how it has ended.
func TestOutcomeOfWhatEndsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := saferunner.DefineResult("late.deaf", func(_ context.Context, fails bool) (string, error) {
			if <-release; fails {
				return "", errBroken
			}
			return "text", nil
		})
		plain := saferunner.Define("late.plain", func(context.Context, int) error { <-release; return nil })
		r := quiet(t)
		report, err := r.Run(t.Context(), "late", deaf.With(false).Async(), deaf.With(true).Async(), plain.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Shutdown(ended); err == nil {
			t.Error("Shutdown has not given up")
		}
		for _, o := range report.Outcomes() {
			if o.Status != journal.StatusInterrupted || o.Err == nil {
				t.Errorf("given up: %+v", o)
			}
		}
		close(release)
		synctest.Wait()
		var got []string
		for _, o := range report.Outcomes() {
			got = append(got, fmt.Sprintf("%s %v %v", o.Status, o.Result, errors.Unwrap(o.Err)))
		}
		if want := "done text <nil>, interrupted <nil> broken, done <nil> <nil>"; strings.Join(got, ", ") != want {
			t.Errorf("in the end: %s; want %s", strings.Join(got, ", "), want)
		}
	})
}

// Nil is a result like others: a duplicate has it too.
func TestDuplicateOfANilResult(t *testing.T) {
	r := quiet(t)
	none := saferunner.DefineResult("nil.any", func(context.Context, int) (any, error) { return nil, nil })
	for range 2 {
		report, err := r.Run(t.Context(), "nil", none.With(1).Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := none.Result(report); got != nil || err != nil {
			t.Errorf("%s: got %v, %v", statuses(report), got, err)
		}
	}
}

// What a test has performed has a result.
func TestResultOfWhatWasPerformed(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "performed", e.double.With(4))
	if err := errors.Join(err, rec.PerformAll()); err != nil {
		t.Fatal(err)
	}
	if got, err := e.double.Result(report); got != 8 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

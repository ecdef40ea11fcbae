package saferunner_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestResults(t *testing.T) {
	rec, e := forced(t), newEffects()
	text := saferunner.DefineResult("effects.text", func(_ context.Context, n int) (string, error) { return "text", nil })
	report, err := saferunner.Run(rec.Context(), "results",
		e.double.With(1), e.note.With("no result"), text.With(1), e.double.With(3))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := report.Results(), []any{2, "text", 6}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := e.double.Results(report), []int{2, 6}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := e.double.Result(report); got != 2 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if got := string(rec.Calls("results")[3].Result); got != "6" {
		t.Errorf("the journal has result %s", got)
	}
}

func TestNilResultsCount(t *testing.T) {
	rec := forced(t)
	none := saferunner.DefineResult("effects.nil", func(context.Context, int) (any, error) { return nil, nil })
	report, err := saferunner.Run(rec.Context(), "nil", none.With(1))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := none.Result(report); out != nil || err != nil || len(report.Results()) != 1 || len(none.Results(report)) != 1 {
		t.Errorf("got %v, %v, %v, %v", out, err, report.Results(), none.Results(report))
	}
}

func TestRecordedHasNoResult(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	out, err := e.double.Do(rec.Context(), "recorded", 1)
	if !errors.Is(err, saferunner.ErrRecorded) || out != 0 {
		t.Errorf("got %d, %v", out, err)
	}
	report, err := saferunner.Run(rec.Context(), "recorded", e.double.With(2), e.note.With("x"))
	if err != nil {
		t.Errorf("Run itself succeeds, got %v", err)
	}
	if len(report.Results()) != 0 || len(report.Recorded()) != 2 || report.Recorded()[0] != "effects.double" {
		t.Errorf("got results %v, recorded %v", report.Results(), report.Recorded())
	}
}

func TestWhenRecorded(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	answers := e.double.WhenRecorded(func(n int) (int, error) { return -n, nil })
	out, err := answers.Do(rec.Context(), "answers", 7)
	if out != -7 || err != nil {
		t.Errorf("got %d, %v", out, err)
	}
	report, err := saferunner.Run(rec.Context(), "answers", answers.With(1), answers.With(2).Async())
	if err != nil || statuses(report) != "recorded recorded" || len(report.Results()) != 1 || len(report.Recorded()) != 2 {
		t.Errorf("got %s, %v, %v", statuses(report), report.Results(), err)
	}
	if _, err := e.double.Do(rec.Context(), "answers", 7); !errors.Is(err, saferunner.ErrRecorded) {
		t.Errorf("WhenRecorded changed its receiver: %v", err)
	}
	failing := e.double.WhenRecorded(func(int) (int, error) { return 0, errBroken })
	if _, err := failing.Do(rec.Context(), "answers", 1); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	saferunnertest.Stub(rec, answers, func(n int) (int, error) { return 100, nil })
	if out, err := answers.Do(rec.Context(), "answers", 7); out != 100 || err != nil {
		t.Errorf("a stub comes first, got %d, %v", out, err)
	}
	rec.Force(answers) // the last word
	if out, err := answers.Do(rec.Context(), "answers", 7); out != 14 || err != nil {
		t.Errorf("got %d, %v", out, err)
	}
}

func TestResultOfWhatDidNotHappen(t *testing.T) {
	rec, e := forced(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "skipped", e.fail.With("x"), e.double.With(1))
	if err == nil {
		t.Fatal("did not fail")
	}
	if _, err := e.double.Result(report); !errors.Is(err, saferunner.ErrSkipped) {
		t.Errorf("got %v", err)
	}
	report, err = saferunner.Run(rec.Context(), "absent", e.note.With("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.double.Result(report); !errors.Is(err, saferunner.ErrRecorded) {
		t.Errorf("got %v", err)
	}
	if _, err := e.double.Result(&saferunner.Report{}); !errors.Is(err, saferunner.ErrRecorded) {
		t.Errorf("got %v", err)
	}
	if _, err := e.double.Result(nil); err == nil {
		t.Error("no error for a nil report")
	}
}

func TestWhenRecordedMayAnswerNil(t *testing.T) {
	rec := saferunnertest.New(t)
	task := saferunner.DefineResult("nil.answer", func(context.Context, int) (error, error) { return errBroken, nil }).
		WhenRecorded(func(int) (error, error) { return nil, nil })
	if out, err := task.Do(rec.Context(), "nil", 1); out != nil || err != nil {
		t.Errorf("got %v, %v", out, err)
	}
}

// A stub and WhenRecorded may do with the arguments what they like.
func TestAnswersGetACopy(t *testing.T) {
	rec := saferunnertest.New(t)
	spoil := func(s []string) (int, error) { s[0] = "spoiled"; return 1, nil }
	task := saferunner.DefineResult("spoilt.task", func(context.Context, []string) (int, error) { return 0, nil }).WhenRecorded(spoil)
	if _, err := task.Do(rec.Context(), "spoilt", []string{"x"}); err != nil {
		t.Fatal(err)
	}
	saferunnertest.Stub(rec, task, spoil)
	if _, err := task.Do(rec.Context(), "spoilt", []string{"x"}); err != nil {
		t.Fatal(err)
	}
	rec.Assert("spoilt", task.With([]string{"x"}), task.With([]string{"x"}))
}

// rude is a result whose marshaller looks into the journal that it is
// written to.
type rude struct{ look func() }

func (r rude) MarshalJSON() ([]byte, error) {
	r.look()
	return []byte("1"), nil
}

func TestResultWhoseMarshallerLooksIntoTheJournal(t *testing.T) {
	r := quiet(t)
	task := saferunner.DefineResult("rude.task", func(ctx context.Context, _ int) (rude, error) {
		return rude{func() { _, _ = r.Calls(context.WithoutCancel(ctx), "other") }}, nil
	})
	if _, err := r.Run(t.Context(), "rude", task.With(1)); err != nil {
		t.Fatal(err)
	}
}

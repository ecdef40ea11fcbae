package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

type vendorCard struct {
	Number string
	Limits map[string]int
}

type vendorOrder struct {
	Card  *vendorCard
	Cards []vendorCard
	Note  string
}

func TestBadOptionsPanic(t *testing.T) {
	noop := func(context.Context, vendorOrder) error { return nil }
	for want, opts := range map[string][]saferunner.TaskOption{
		"an option is the zero TaskOption":       {{}},
		"Timeout(0s): must be positive":          {saferunner.Timeout(0)},
		"Timeout(-1s): must be positive":         {saferunner.Timeout(-time.Second)},
		"Attempts(0): must be at least 1":        {saferunner.Attempts(0)},
		"Attempts(-1): must be at least 1":       {saferunner.Attempts(-1)},
		"Backoff without Attempts":               {saferunner.Backoff(time.Second, time.Minute)},
		"Backoff(0s, 1m0s)":                      {saferunner.Attempts(2), saferunner.Backoff(0, time.Minute)},
		"Backoff(2s, 1s)":                        {saferunner.Attempts(2), saferunner.Backoff(2*time.Second, time.Second)},
		"Attempts is given twice":                {saferunner.Attempts(2), saferunner.Attempts(3)},
		"Timeout is given twice":                 {saferunner.Timeout(time.Second), saferunner.Timeout(time.Second)},
		`Queue(""): a name has`:                  {saferunner.Queue("")},
		`Redact("Card.Nummer"): saferunner_test`: {saferunner.Redact("Card.Number", "Card.Nummer")},
		`Redact(""): saferunner_test`:            {saferunner.Redact("")},
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, want) || !strings.Contains(text, `Define("some.task")`) {
					t.Errorf("it panics with %q", text)
				}
			}()
			saferunner.Define("some.task", noop, opts...)
		})
	}
}

type (
	misspelt struct {
		Inner []struct {
			Pin string `saferunner:"Redact"`
		}
	}
	pastTense struct {
		Pin string `saferunner:"redacted"`
	}
	otherWord struct {
		Pin string `saferunner:"secret"`
	}
	otherKey struct {
		Pin string `Saferunner:"redact"`
	}
	behind struct {
		More map[string]*pastTense
	}
	promoted struct{ otherWord }
)

// A tag that would hide nothing makes Define panic, and names the field, in
// arguments and in results, at whatever depth.
func TestMisspeltTagPanics(t *testing.T) {
	for word, define := range map[string]func(){
		"Redact":       func() { defineTaking[misspelt]() },
		"redacted":     func() { defineTaking[pastTense]() },
		"secret":       func() { defineTaking[*otherWord]() },
		"Saferunner":   func() { defineTaking[otherKey]() },
		"\"redacted\"": func() { defineTaking[behind]() },
		"\"secret\"":   func() { defineTaking[promoted]() },
		"\"secret\", ": func() { defineTaking[[]map[int]otherWord]() },
		"word \"secret": func() {
			saferunner.DefineResult("some.task", func(context.Context, int) ([]otherWord, error) { return nil, nil })
		},
	} {
		t.Run(word, func(t *testing.T) {
			defer func() {
				text := fmt.Sprint(recover())
				if !strings.Contains(text, "Pin") || !strings.Contains(text, word) || !strings.Contains(text, `Define("some.task")`) && !strings.Contains(text, `DefineResult("some.task")`) {
					t.Errorf("it panics with %q", text)
				}
			}()
			define()
		})
	}
}

func defineTaking[In any]() {
	saferunner.Define("some.task", func(context.Context, In) error { return nil })
}

func TestRedactHidesWhatOneDoesNotOwn(t *testing.T) {
	pay := saferunner.DefineResult("vendor.pay", func(context.Context, vendorOrder) (vendorCard, error) {
		return vendorCard{Number: "4111222233334444", Limits: map[string]int{"day": 7654321}}, nil
	}, saferunner.Redact("Card.Number", "Cards.Limits"), saferunner.Redact("Limits"))
	rec := saferunnertest.New(t)
	rec.Force(pay)
	order := vendorOrder{
		Card:  &vendorCard{Number: "4111222233334444"},
		Cards: []vendorCard{{Number: "shown", Limits: map[string]int{"day": 7654321}}}, Note: "hello",
	}
	card, err := pay.Do(rec.Context(), "pay", order)
	if err != nil || card.Limits["day"] != 7654321 {
		t.Errorf("the task's own result: %v, %v", card, err)
	}
	entry := rec.Calls("pay")[0]
	text, err := json.Marshal(entry)
	if err != nil || strings.Contains(string(entry.Args), "4111222233334444") || strings.Contains(string(text), "7654321") {
		t.Errorf("the journal shows %s, %v", text, err)
	}
	if !strings.Contains(string(entry.Args), `"hello"`) || !strings.Contains(string(entry.Args), "shown") {
		t.Errorf("the journal hides too much: %s", entry.Args)
	}
	rec.Assert("pay", pay.With(order)) // the real values are compared
}

func TestZeroTasksAreRefused(t *testing.T) {
	var zero saferunner.Task[string]
	var holder struct {
		Task saferunner.ResultTask[string, int]
	}
	if err := json.Unmarshal([]byte(`{"Task": {}}`), &holder); err != nil {
		t.Fatal(err)
	}
	rec := saferunnertest.New(t)
	for _, c := range []saferunner.Call{zero.With("x"), holder.Task.With("x"), {}, zero.With("x").Async().Key("k")} {
		if _, err := saferunner.Run(rec.Context(), "zero", c); !errors.Is(err, saferunner.ErrNoTask) {
			t.Errorf("got %v", err)
		}
	}
	if zero.Name() != "" || holder.Task.Name() != "" {
		t.Error("a zero task has a name")
	}
	rec.AllowRefused(saferunner.ErrNoTask)
}

func TestTextBounds(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	for name, text := range map[string]string{
		"empty": "", "long": strings.Repeat("x", 257), "NUL": "a\x00b", "not UTF-8": "a\xffb",
	} {
		if _, err := saferunner.Run(rec.Context(), "keyed", e.note.With("x").Key(text)); !errors.Is(err, saferunner.ErrKey) {
			t.Errorf("%s key: %v", name, err)
		}
		if _, err := saferunner.Run(rec.Context(), text, e.note.With("x")); !errors.Is(err, saferunner.ErrRunID) {
			t.Errorf("%s run ID: %v", name, err)
		}
		if _, err := saferunner.Calls(rec.Context(), text); !errors.Is(err, saferunner.ErrRunID) {
			t.Errorf("Calls of a run ID that is %s: %v", name, err)
		}
	}
	most := strings.Repeat("é", 128)
	if _, err := saferunner.Run(rec.Context(), most, e.note.With("x").Key(most)); err != nil {
		t.Errorf("256 bytes: %v", err)
	}
	if n := len(rec.All()); n != 1 {
		t.Errorf("%d calls were recorded, want 1", n)
	}
	rec.AllowRefused(saferunner.ErrKey)
	rec.AllowRefused(saferunner.ErrRunID)
}

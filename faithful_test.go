package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

type parcel struct {
	To     string
	Items  []string
	Labels map[string]string
	Parent *parcel
}

func TestRecordShowsWhatWasPassed(t *testing.T) {
	rec := saferunnertest.New(t)
	ship := saferunner.Define("parcel.ship", func(context.Context, *parcel) error { return nil })
	p := &parcel{To: "a", Items: []string{"x"}, Labels: map[string]string{"k": "v"}, Parent: &parcel{To: "b"}}
	if _, err := saferunner.Run(rec.Context(), "ship", ship.With(p), ship.With(p).Async()); err != nil {
		t.Fatal(err)
	}
	p.To, p.Items[0], p.Labels["k"], p.Parent.To = "changed", "changed", "changed", "changed"
	want := func() saferunner.Call {
		return ship.With(&parcel{To: "a", Items: []string{"x"}, Labels: map[string]string{"k": "v"}, Parent: &parcel{To: "b"}})
	}
	rec.Assert("ship", want(), want().Async())
	for _, got := range saferunnertest.Args(rec, "ship", ship) {
		got.Items[0] = "the copy is the test's own"
	}
	rec.Assert("ship", want(), want().Async())
}

// A live async call gets what was passed, though its caller goes on to change
// it.
func TestAsyncCallIsNotRacedByItsCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		var got []string
		ship := saferunner.Define("parcel.ship", func(_ context.Context, p *parcel) error {
			got = append(got, p.Items[0])
			p.Items[0] = "changed by the task"
			return errBroken
		}, saferunner.Attempts(2))
		p := &parcel{Items: []string{"as passed"}}
		if _, err := saferunner.Run(rec.Context(), "ship", ship.With(p).Async()); err != nil {
			t.Fatal(err)
		}
		p.Items[0] = "changed by the caller"
		_ = rec.Wait()
		if strings.Join(got, ", ") != "as passed, as passed" {
			t.Errorf("the attempts got %q", got)
		}
	})
}

type card struct {
	Holder string
	Number string `json:"number" saferunner:"redact"`
}

// String would print everything, and so would a log of the value.
func (c card) MarshalJSON() ([]byte, error) { return json.Marshal("leaks " + c.Number) }

type payment struct {
	Card  card
	Cards []card
	ByKey map[string]*card
	Any   any
	card
}

const secret = "4111-secret"

func TestSecretsStayOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		logger := slog.New(slog.NewTextHandler(&log, nil))
		charge := saferunner.DefineResult("card.charge", func(_ context.Context, p payment) (card, error) {
			if p.Card.Number != secret {
				t.Errorf("the task got %q", p.Card.Number)
			}
			return p.Card, nil
		})
		fails := saferunner.Define("card.fail", func(context.Context, payment) error { return errBroken })
		var seen []journal.Entry
		r, err := saferunner.NewForcedRunner(saferunner.WithLogger(logger),
			saferunner.OnFailure(func(_ context.Context, e journal.Entry, _ error) { seen = append(seen, e) }))
		if err != nil {
			t.Fatal(err)
		}
		c := card{"Ann", secret}
		p := payment{c, []card{c}, map[string]*card{"k": &c}, c, c}
		report, err := r.Run(t.Context(), "charge", charge.With(p), fails.With(payment{Card: c}).BestEffort())
		if err != nil {
			t.Fatal(err)
		}
		if out, err := charge.Result(report); err != nil || out.Number != secret {
			t.Errorf("the caller got %+v, %v", out, err)
		}
		entries, err := r.Calls(t.Context(), "charge")
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(append(entries, seen...))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) || strings.Contains(log.String(), secret) {
			t.Errorf("the secret got out:\n%s\n%s", text, log.String())
		}
		if got := strings.Count(string(text), "leaks [redacted]"); got != 3 { // two arguments and a result, by card's own method
			t.Errorf("%d redacted cards in\n%s", got, text)
		}
	})
}

// rendered hides that a journal is the in-memory one: all it gives back has
// gone through JSON.
type rendered struct{ journal.Journal }

// A duplicate gets the first call's result or an error, never something that
// was made of a redacted or lossy rendering.
func TestResultOfADuplicate(t *testing.T) {
	type hidden struct{ n int }
	type number struct {
		Number string `saferunner:"redact"`
	}
	ctx := t.Context()
	secretly := saferunner.DefineResult("secret.issue", func(context.Context, int) (number, error) { return number{secret}, nil })
	lossy := saferunner.DefineResult("lossy.issue", func(context.Context, int) (hidden, error) { return hidden{42}, nil })
	untyped := saferunner.DefineResult("untyped.issue", func(context.Context, int) (any, error) { return 42, nil })
	plain := saferunner.DefineResult("plain.issue", func(context.Context, int) (int, error) { return 42, nil })
	twice := func(r *saferunner.Runner, call saferunner.Call) *saferunner.Report {
		t.Helper()
		var report *saferunner.Report
		for range 2 {
			var err error
			if report, err = r.Run(ctx, "issue", call.Key("k")); err != nil {
				t.Fatal(err)
			}
		}
		return report
	}

	memory := quiet(t)
	if out, err := secretly.Result(twice(memory, secretly.With(1))); out.Number != secret || err != nil {
		t.Errorf("in memory: got %+v, %v", out, err)
	}
	if out, err := lossy.Result(twice(memory, lossy.With(1))); out.n != 42 || err != nil {
		t.Errorf("in memory: got %+v, %v", out, err)
	}
	if out, err := untyped.Result(twice(memory, untyped.With(1))); out != 42 || err != nil {
		t.Errorf("in memory: got %+v, %v", out, err)
	}

	stored := quiet(t, saferunner.WithJournal(rendered{saferunner.NewMemoryJournal(100, 1<<20)}))
	if out, err := plain.Result(twice(stored, plain.With(1))); out != 42 || err != nil {
		t.Errorf("rendered: got %+v, %v", out, err)
	}
	if out, err := secretly.Result(twice(stored, secretly.With(1))); !errors.Is(err, saferunner.ErrDuplicate) {
		t.Errorf("rendered: got %+v, %v", out, err)
	}
	if out, err := lossy.Result(twice(stored, lossy.With(1))); !errors.Is(err, saferunner.ErrDuplicate) {
		t.Errorf("rendered: got %+v, %v", out, err)
	}
	if out, err := untyped.Result(twice(stored, untyped.With(1))); !errors.Is(err, saferunner.ErrDuplicate) {
		t.Errorf("rendered: got %+v, %v", out, err)
	}
}

func TestEntryJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := map[string]struct {
		entry journal.Entry
		want  string
	}{
		"empty": {journal.Entry{},
			`{"id":"","run_id":"","task_name":"","task_args":null,"is_async":false,"status":"","at":"0001-01-01T00:00:00Z"}`},
		"full": {journal.Entry{
			ID: "i", RunID: "r", Run: "u", Task: "t", Args: json.RawMessage(`{"a":1}`), Async: true, Key: "k", Status: "done",
			Attempts: []journal.Attempt{{Started: at, Finished: at, Error: "e", Stack: "s", Worker: "w"}},
			Result:   json.RawMessage(`2`), At: at, StartedAt: at, FinishedAt: at, Caller: "c", Scope: "o",
		}, `{"id":"i","run_id":"r","run":"u","task_name":"t","task_args":{"a":1},"is_async":true,"key":"k","status":"done",` +
			`"attempts":[{"started":"2026-01-02T03:04:05Z","finished":"2026-01-02T03:04:05Z","error":"e","stack":"s","worker":"w"}],` +
			`"result":2,"at":"2026-01-02T03:04:05Z","started_at":"2026-01-02T03:04:05Z","finished_at":"2026-01-02T03:04:05Z","caller":"c","scope":"o"}`},
		"no JSON": {journal.Entry{Args: json.RawMessage(`{"a":`), Result: json.RawMessage(`x`)},
			`{"id":"","run_id":"","task_name":"","task_args":"{\"a\":","is_async":false,"status":"","result":"x","at":"0001-01-01T00:00:00Z"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(tt.entry)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
			var back journal.Entry
			if err := json.Unmarshal(got, &back); err != nil || back.Task != tt.entry.Task || !back.At.Equal(tt.entry.At) {
				t.Errorf("reads back as %+v, %v", back, err)
			}
		})
	}
}

func TestArgumentsThatJSONCannotHold(t *testing.T) {
	rec := saferunnertest.New(t)
	task := saferunner.Define("channel.task", func(context.Context, chan int) error { return nil })
	if _, err := saferunner.Run(rec.Context(), "channel", task.With(make(chan int))); err != nil {
		t.Fatal(err)
	}
	entry := rec.Calls("channel")[0]
	if text, err := json.Marshal(entry); err != nil || !strings.Contains(string(entry.Args), "chan int") {
		t.Errorf("got %s, %v", text, err)
	}
}

type panickingError struct{}

func (*panickingError) Error() string { panic("no text") }

func TestErrorWhoseTextPanics(t *testing.T) {
	rec := forced(t)
	task := saferunner.Define("panicking.error", func(context.Context, int) error { return (*panickingError)(nil) })
	_, err := saferunner.Run(rec.Context(), "panicking", task.With(1))
	if want := "panicking.error: *saferunner_test.panickingError, whose Error method panics: no text"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := rec.Calls("panicking")[0].ErrorText(); !strings.Contains(got, "panickingError") {
		t.Errorf("the journal has %q", got)
	}
}

func TestCallerIsWhereRunWasCalled(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	_, err := saferunner.Run(rec.Context(), "site", e.note.With("x")) // here
	if err != nil {
		t.Fatal(err)
	}
	if err := e.note.Do(rec.Context(), "site", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := rec.Runner().Run(rec.Context(), "site", e.note.With("x")); err != nil {
		t.Fatal(err)
	}
	for _, entry := range rec.Calls("site") {
		if !strings.Contains(entry.Caller, "faithful_test.go:") {
			t.Errorf("got %s", entry.Caller)
		}
	}
}

// digits is what the number of a card looks like in a stack with arguments.
const digits = "0x41111111beef"

//go:noinline
func chargeAndPanic(number int64) error {
	if number > 0 {
		panic("cannot charge")
	}
	return nil
}

// Stacks name functions, files and lines, and hold no arguments.
func TestStacksHoldNoArguments(t *testing.T) {
	var log strings.Builder
	charge := saferunner.Define("stack.charge", func(_ context.Context, number int64) error { return chargeAndPanic(number) })
	answered := saferunner.DefineResult("stack.answer", func(context.Context, int64) (int, error) { return 0, nil })
	check := func(from, text string) {
		t.Helper()
		if !strings.Contains(text, "chargeAndPanic") || !strings.Contains(text, "faithful_test.go:") || strings.Contains(text, "0x") {
			t.Errorf("%s: the stack is\n%s", from, text)
		}
	}
	r := quiet(t, saferunner.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	report, err := r.Run(t.Context(), "stack", charge.With(0x41111111beef).BestEffort(), charge.With(0x41111111beef).Async())
	if err != nil {
		t.Fatal(err)
	}
	failure, _ := errors.AsType[*saferunner.CallError](report.Wait(t.Context()))
	check("CallError", failure.Stack)
	entries, err := r.Calls(t.Context(), "stack")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		check("the journal", e.Attempts[0].Stack)
	}

	rec := saferunnertest.New(t)
	saferunnertest.Stub(rec, answered, func(number int64) (int, error) { return 0, chargeAndPanic(number) })
	report, _ = saferunner.Run(rec.Context(), "stack", charge.With(0x41111111beef), answered.With(0x41111111beef))
	failure, _ = errors.AsType[*saferunner.CallError](report.Outcomes()[1].Err)
	check("a stub", failure.Stack)
	failure, _ = errors.AsType[*saferunner.CallError](errors.Join(rec.Perform(charge)))
	check("Perform", failure.Stack)

	if strings.Contains(log.String(), digits) {
		t.Errorf("the log has\n%s", log.String())
	}
}

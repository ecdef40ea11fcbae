package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// Types whose methods panic, each in a way of its own.
type (
	zeroPanics    struct{ N int }
	jsonPanics    struct{ N int }
	textPanics    struct{ N int }
	decodePanics  struct{ N int }
	equalPanics   struct{ N *int }
	keyPanics     struct{ N int }
	pointerPanics struct{ N int }
	exits         struct{ N int }
)

func (zeroPanics) IsZero() bool                   { panic("in IsZero") }
func (jsonPanics) MarshalJSON() ([]byte, error)   { panic("in MarshalJSON") }
func (textPanics) MarshalText() ([]byte, error)   { panic("in MarshalText") }
func (decodePanics) MarshalJSON() ([]byte, error) { return []byte(`1`), nil }
func (*decodePanics) UnmarshalJSON([]byte) error  { panic("in UnmarshalJSON") }
func (equalPanics) Equal(equalPanics) bool        { panic("in Equal") }
func (keyPanics) MarshalText() ([]byte, error)    { panic("in the MarshalText of a key") }
func (p *pointerPanics) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d", p.N), nil // of a nil pointer
}
func (exits) String() string { panic("in String") }

func panicking[In any](t *testing.T, name string, in In) {
	t.Run(name, func(t *testing.T) {
		defer func() {
			if v := recover(); v != nil {
				t.Errorf("it panics: %v", v)
			}
		}()
		rec := saferunnertest.New(&quietTB{TB: t})
		task := saferunner.Define("panics.task", func(context.Context, In) error { return nil })
		result := saferunner.DefineResult("panics.result", func(_ context.Context, in In) (In, error) { return in, nil })
		for _, runner := range []*saferunner.Runner{rec.Runner(), quiet(t), quiet(t, saferunner.WithJournal(rendered{saferunner.NewMemoryJournal(100, 1<<20)})), newRunner(t)} {
			for _, call := range []saferunner.Call{
				task.With(in), task.With(in).Async(), task.With(in).After(1), task.With(in).Key("k"), task.With(in).Async().Key("k2"),
				result.With(in), result.With(in).Async(), result.With(in).Key("k"), result.With(in).Key("k"),
			} {
				report, err := runner.Run(t.Context(), "panics", call)
				if err != nil && !errors.Is(err, saferunner.ErrArguments) {
					t.Errorf("got %v", err)
				}
				_ = report.Wait(t.Context())
				_, _ = result.Result(report)
			}
			entries, err := runner.Calls(t.Context(), "panics")
			if err != nil {
				t.Error(err)
			}
			if text, err := json.Marshal(entries); err != nil {
				t.Errorf("%s, %v", text, err)
			}
			if err := runner.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		rec.Assert("panics", task.With(in))
		_ = rec.PerformAll() // after Shutdown
	})
}

// Methods of arguments and results may panic: that is an error or a
// placeholder, and never a panic of Run.
func TestMethodsOfArgumentsThatPanic(t *testing.T) {
	panicking(t, "IsZero", struct {
		Z zeroPanics `json:"z,omitzero"`
	}{})
	panicking(t, "MarshalJSON", jsonPanics{1})
	panicking(t, "MarshalJSON within", map[string][]jsonPanics{"a": {{1}}})
	panicking(t, "MarshalText", textPanics{1})
	panicking(t, "UnmarshalJSON", decodePanics{1})
	panicking(t, "Equal", equalPanics{new(int)})
	panicking(t, "a key", map[keyPanics]int{{1}: 1})
	panicking(t, "a nil pointer", struct{ P *pointerPanics }{})
	panicking(t, "a nil pointer in an interface", struct{ P json.Marshaler }{(*pointerPanics)(nil)})
	panicking(t, "String", exits{1})
	panicking(t, "Error", struct{ Err error }{(*panickingError)(nil)})
	panicking(t, "Error as any", struct{ Err any }{(*panickingError)(nil)})
}

// Async arguments with such methods are refused, with the name of the field.
func TestAsyncArgumentsThatPanicAreRefused(t *testing.T) {
	rec := saferunnertest.New(t)
	type order struct {
		Card jsonPanics
		Note zeroPanics `json:",omitzero"`
	}
	task := saferunner.Define("panics.task", func(context.Context, order) error { return nil })
	_, err := saferunner.Run(rec.Context(), "panics", task.With(order{}).Async())
	if !errors.Is(err, saferunner.ErrArguments) || !strings.Contains(err.Error(), "Card") {
		t.Errorf("got %v", err)
	}
	rec.AllowRefused(saferunner.ErrArguments)
}

type coded struct{ Code int }

func (c coded) Error() string { return fmt.Sprint("code ", c.Code) }

// An error among sync arguments is journaled as its text, at whatever depth
// and of whatever type.
func TestErrorsAmongArgumentsAreTheirText(t *testing.T) {
	type report struct {
		Err    error
		More   []error
		ByName map[string]error
		Any    any
		Inner  struct{ Cause error }
		Nil    error
	}
	rec := saferunnertest.New(t)
	task := saferunner.Define("error.report", func(context.Context, report) error { return nil })
	plain := saferunner.Define("error.plain", func(context.Context, error) error { return nil })
	arg := report{
		Err: errors.New("plain"), More: []error{fmt.Errorf("wrapped: %w", io.EOF), errors.Join(io.EOF, errBroken)},
		ByName: map[string]error{"a": coded{17}}, Any: errors.New("in an any"),
	}
	arg.Inner.Cause = &json.SyntaxError{}
	if _, err := saferunner.Run(rec.Context(), "report", task.With(arg), plain.With(io.ErrUnexpectedEOF), plain.With(nil), plain.With(coded{3})); err != nil {
		t.Fatal(err)
	}
	entries := rec.Calls("report")
	var got map[string]any
	if err := json.Unmarshal(entries[0].Args, &got); err != nil {
		t.Fatalf("%s: %v", entries[0].Args, err)
	}
	want := `map[Any:in an any ByName:map[a:code 17] Err:plain Inner:map[Cause:] More:[wrapped: EOF EOF` + "\n" + `broken] Nil:<nil>]`
	if text := fmt.Sprint(got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	for i, want := range []string{`"unexpected EOF"`, `null`, `"code 3"`} {
		if got := string(entries[i+1].Args); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// What says what it is by a text of its own is shown by it.
func TestTextOfArgumentsIsTheirOwn(t *testing.T) {
	rec := saferunnertest.New(t)
	task := saferunner.Define("address.ping", func(context.Context, netip.Addr) error { return nil })
	if err := task.Do(rec.Context(), "ping", netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if got := string(rec.Calls("ping")[0].Args); got != `"127.0.0.1"` {
		t.Errorf("got %s", got)
	}
}

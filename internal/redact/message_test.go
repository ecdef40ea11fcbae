package redact

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/message"
)

// Note stands for a protobuf message in these tests.
type Note struct {
	Text string
	Card *Bank
	PIN  secret // as if declared with debug_redact
}

type Bank struct{ Number secret }

type withNotes struct {
	ID    int
	Note  *Note
	Value Note
	List  []*Note
	Any   any
}

// printing shows a message by a method of its own.
type printing struct{ Note *Note }

func (p printing) MarshalText() ([]byte, error) { return []byte(spill(p)), nil }

// register gives the tests a support for Note, and takes it back.
func register(t *testing.T, s message.Support) {
	t.Helper()
	before, real := isMessage, message.Support{}
	if s, ok := message.Registered(); ok {
		real = *s
	}
	isMessage = func(typ reflect.Type) bool {
		return typ == reflect.TypeFor[*Note]() || typ == reflect.TypeFor[Note]()
	}
	plans.Clear()
	message.Register(s)
	t.Cleanup(func() {
		isMessage = before
		plans.Clear()
		message.Register(real)
	})
}

var support = message.Support{
	Clone: func(m any) any {
		n := *m.(*Note)
		return &n
	},
	Hide: func(m any, hidden []string) bool {
		n := m.(*Note)
		hid := n.PIN != ""
		n.PIN = ""
		if n.Card != nil && slices.Contains(hidden, "Card.Number") {
			n.Card, hid = &Bank{Number: Mask}, true
		}
		return hid
	},
	Show: func(m any, hidden []string) ([]byte, bool, error) {
		n := *m.(*Note)
		if n.Text == "broken" {
			return nil, false, errors.New(marker)
		}
		if n.Card != nil && slices.Contains(hidden, "Card.Number") {
			n.Card = &Bank{Number: Mask}
		}
		b, err := json.Marshal(map[string]any{"text": n.Text, "card": n.Card})
		return b, false, err
	},
}

func TestMessagesAreShownByTheirSupport(t *testing.T) {
	register(t, support)
	note := func() *Note { return &Note{Text: "hi", Card: &Bank{"4111"}} }
	secretNote := &Note{Text: "s", PIN: marker}
	for _, tt := range []struct {
		v    any
		want string
		has  bool
	}{
		{note(), `{"card":{"Number":"4111"},"text":"hi"}`, false},
		{(*Note)(nil), `null`, false},
		{secretNote, `{"card":null,"text":"s"}`, true},
		{withNotes{ID: 1, Note: note(), List: []*Note{nil, secretNote}, Any: map[string]any{"x": note()}},
			`{"ID":1,"Note":{"card":{"Number":"4111"},"text":"hi"},"Value":{"card":null,"text":""},"List":[null,{"card":null,"text":"s"}],"Any":{"x":{"card":{"Number":"4111"},"text":"hi"}}}`, true},
		{&Note{Text: "broken"}, `"[unencodable: *redact.Note]"`, false},
		{printing{secretNote}, `"s "`, true},
		{printing{note()}, `"hi 4111 "`, false},
	} {
		p, _, err := PlanOf(reflect.TypeOf(tt.v))
		if err != nil {
			t.Fatal(err)
		}
		v := reflect.ValueOf(tt.v)
		if got := string(p.JSON(v)); got != tt.want {
			t.Errorf("%T:\n got %s\nwant %s", tt.v, got, tt.want)
		}
		if p.Has(v) != tt.has || p.None() {
			t.Errorf("%T: has %v, none %v", tt.v, p.Has(v), p.None())
		}
	}
}

func TestPathsLeadIntoMessages(t *testing.T) {
	register(t, support)
	p, unknown, _ := PlanOf(reflect.TypeFor[withNotes](), "Note.Card.Number", "List.Card.Number", "Value", "List.Nothing")
	if fmt.Sprint(unknown) != "[List.Nothing]" {
		t.Errorf("unknown: %v", unknown)
	}
	n := Note{Card: &Bank{marker}}
	raw, zero := p.Show(reflect.ValueOf(withNotes{Note: &n, List: []*Note{&n}, Value: n}))
	if strings.Contains(string(raw), marker) {
		t.Errorf("shown: %s", raw)
	}
	if dup := p.Copy(reflect.ValueOf(withNotes{Note: &n, Any: []any{&n, &Note{PIN: marker, Text: "t"}}})).Interface().(withNotes); dup.Note.Card.Number != Mask ||
		dup.Any.([]any)[0] != &n || *dup.Any.([]any)[1].(*Note) != (Note{Text: "t"}) {
		t.Errorf("copy: %+v %+v", dup.Note.Card, dup.Any)
	}
	if fmt.Sprint(zero) != "[Value]" || n.Card.Number != marker {
		t.Errorf("zero: %v, original %+v", zero, n.Card)
	}
	direct, unknown, _ := PlanOf(reflect.TypeFor[*Note](), "Card.Number")
	if raw := direct.JSON(reflect.ValueOf(&n)); len(unknown) > 0 || strings.Contains(string(raw), marker) {
		t.Errorf("unknown %v, shown: %s", unknown, raw)
	}
}

func TestMessagesWithoutSupportAreNotShown(t *testing.T) {
	register(t, message.Support{}) // which counts as none
	p, _, _ := PlanOf(reflect.TypeFor[withNotes]())
	v := reflect.ValueOf(withNotes{ID: 1, Note: &Note{PIN: marker}})
	if got := string(p.JSON(v)); strings.Contains(got, marker) || !strings.Contains(got, `"Note":"[unencodable: *redact.Note]"`) {
		t.Error(got)
	}
	if !p.Has(v) {
		t.Error("it counts as one without secrets")
	}
}

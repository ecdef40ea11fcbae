package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
)

// Types of somebody else, without tags.
type (
	Order struct {
		ID      string
		Card    *BankCard
		Cards   []BankCard
		ByName  map[string][1]*BankCard
		Person  // promoted
		Next    *Order
		Extra   any
		private BankCard
	}
	BankCard struct {
		Number Secret
		Expiry time.Time
		PIN    int
		Bank   struct{ Name, Code Secret }
	}
	Person struct {
		Name   Secret
		Secret bool
	}
)

func order() Order {
	c := BankCard{Number: marker, Expiry: time.Unix(1, 0), PIN: 77, Bank: struct{ Name, Code Secret }{marker, marker}}
	return Order{ID: "o", Card: &c, Cards: []BankCard{c}, ByName: map[string][1]*BankCard{"x": {&c}}, Person: Person{marker, true}, Extra: "e"}
}

func TestPathsHideWhatTheyName(t *testing.T) {
	const zeroTime = `"0001-01-01T00:00:00Z"`
	for _, tt := range []struct {
		path, want, zero string // want must be a part of what is shown
	}{
		{"Card.Number", `"Card":{"Number":"[redacted]","Expiry":"19`, ""},
		{"Card", `"Card":null`, "Card"},
		{"Card.PIN", `"PIN":0`, "Card.PIN"},
		{"Card.Expiry", `"Expiry":` + zeroTime, "Card.Expiry"},
		{"Card.Bank", `"Bank":{"Name":"[redacted]","Code":"[redacted]"}`, "Card.Bank"},
		{"Card.Bank.Code", `"Bank":{"Name":"hunter2","Code":"[redacted]"}`, ""},
		{"Cards.Number", `"Cards":[{"Number":"[redacted]"`, ""},
		{"Cards", `"Cards":null`, "Cards"},
		{"ByName.Number", `"ByName":{"x":[{"Number":"[redacted]"`, ""},
		{"Name", `"Name":"[redacted]","Secret":true`, ""},
		{"Person.Name", `"Name":"[redacted]","Secret":true`, ""},
		{"Person", `"Name":"[redacted]","Secret":false`, "Person"},
		{"Secret", `"Secret":false`, "Person.Secret"},
		{"Next.Name", `"Next":{"ID":"","Card":null,"Cards":null,"ByName":null,"Name":"[redacted]"`, ""},
		{"Extra", `"Extra":"[redacted]"`, ""},
	} {
		p, unknown, err := redact.PlanOf(reflect.TypeFor[Order](), tt.path)
		if err != nil || len(unknown) > 0 {
			t.Errorf("%s: unknown %v, %v", tt.path, unknown, err)
		}
		v := order()
		v.Next = &Order{Person: Person{Name: "public"}}
		raw, zero := p.Show(reflect.ValueOf(v))
		if !strings.Contains(string(raw), tt.want) {
			t.Errorf("%s: %s lacks %s", tt.path, raw, tt.want)
		}
		if got := strings.Join(zero, " "); got != tt.zero {
			t.Errorf("%s: zero are %q, want %q", tt.path, got, tt.zero)
		}
		if p.None() || !p.InType() || !p.Has(reflect.ValueOf(v)) {
			t.Errorf("%s: none %v, in type %v, not in the value", tt.path, p.None(), p.InType())
		}
	}
}

func TestPathsOfOneTaskDoNotHideInOthers(t *testing.T) {
	hiding, _, _ := redact.PlanOf(reflect.TypeFor[[]Order](), "Card.Number", "Cards.Number", "ByName.Number", "Name", "Card.Bank", "Cards.Bank", "ByName.Bank")
	list := reflect.ValueOf([]Order{order()})
	if raw := hiding.JSON(list); strings.Contains(string(raw), string(marker)) {
		t.Errorf("shown: %s", raw)
	}
	plain, _, _ := redact.PlanOf(reflect.TypeFor[[]Order]())
	if raw := plain.JSON(list); !strings.Contains(string(raw), string(marker)) {
		t.Errorf("hidden: %s", raw)
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	paths := []string{"Card.Nummer", "Card.Number", "card", "Extra.Card", "", ".", "Card.", "Card..Number", "ID.x", "ByName.x", "private.PIN"}
	want := []string{"Card.Nummer", "card", "Extra.Card", "", ".", "Card.", "Card..Number", "ID.x", "ByName.x"}
	for _, typ := range []reflect.Type{reflect.TypeFor[Order](), reflect.TypeFor[map[string]*Order]()} {
		if _, unknown, _ := redact.PlanOf(typ, paths...); !slices.Equal(unknown, want) {
			t.Errorf("%v: %q", typ, unknown)
		}
	}
	if _, unknown, _ := redact.PlanOf(nil, "Card"); len(unknown) != 1 {
		t.Error("a path leads somewhere without a type")
	}
}

// TestPlanOfAnotherType holds that a value which a plan was not made for is not
// shown where the plan has paths.
func TestPlanOfAnotherType(t *testing.T) {
	p, _, _ := redact.PlanOf(reflect.TypeFor[Order](), "Card.Number")
	card := order().Card
	if got := string(p.JSON(reflect.ValueOf(card))); got != `"[unencodable: *redact_test.BankCard]"` {
		t.Error(got)
	}
	if !p.Has(reflect.ValueOf(card)) || !p.Copy(reflect.ValueOf(card)).IsZero() {
		t.Error("it counts as one without secrets")
	}
	o := order()
	if got := p.Copy(reflect.ValueOf(&o)).Interface().(*Order); got.Card.Number != redact.Mask || o.Card.Number != marker {
		t.Error("a pointer to the type is not followed, or the original is changed")
	}
	for _, v := range []reflect.Value{reflect.ValueOf((*Order)(nil)), {}} {
		if got := string(p.JSON(v)); got != "null" || p.Has(v) {
			t.Errorf("%s, and has %v", got, p.Has(v))
		}
	}
}

func TestMisspeltTags(t *testing.T) {
	type inner struct {
		Key Secret `saferunner:"secret"`
	}
	for want, v := range map[string]any{
		`field A of struct`:         tagged(`saferunner:"Redact"`),
		`has the word "redacted"`:   tagged(`saferunner:"redacted"`),
		`has the word ""`:           tagged(`saferunner:""`),
		`has the word "x"`:          tagged(`saferunner:"redact, x"`),
		`field Key of redact_test`:  map[string][]*inner{"x": {{marker}}},
		`field key of redact_test`:  unexported{marker},
		`not spelt as saferunner`:   tagged(`Saferunner:"redact"`),
		`json:\"a\" saferunner:re`:  tagged(`json:"a" saferunner:redact`),
		`saferunner: \"redact\"`:    tagged(`saferunner: "redact"`),
		`"saferunner"`:              tagged(`saferunner`),
		`json=a,saferunner:\"redac`: tagged(`json=a,saferunner:"redact"`),
		`json:\"a\",saferunner:\"r`: tagged(`json:"a",saferunner:"redact"`),
	} {
		p, _, err := redact.PlanOf(reflect.TypeOf(v))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: error %v lacks %s", v, err, want)
		}
		if raw := p.JSON(reflect.ValueOf(v)); strings.Contains(string(raw), string(marker)) {
			t.Errorf("%T: shown: %s", v, raw)
		}
		if raw := shown(any([]any{v})); strings.Contains(string(raw), string(marker)) {
			t.Errorf("%T in an interface: shown: %s", v, raw)
		}
	}
	for _, tag := range []reflect.StructTag{
		`json:"saferunner"`, `doc:"for saferunner:\"x\"" xml:"a"`, `saferunner:"redact"`, `json:"a"saferunner:"redact"`,
		`saferunner:"redact, redact"`, `saferunnervet:"x"`, ``,
	} {
		if _, _, err := redact.PlanOf(reflect.TypeOf(tagged(tag))); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

// tagged is a struct with a secret that has this tag.
func tagged(tag reflect.StructTag) any {
	v := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[Secret](), Tag: tag}})).Elem()
	v.Field(0).SetString(string(marker))
	return v.Interface()
}

type unexported struct {
	key Secret `saferunner:"no"`
}

// Declined is an error that holds a secret.
type Declined struct {
	Card   Secret `saferunner:"redact"`
	Reason string
}

func (d Declined) Error() string { return "card " + string(d.Card) + ": " + d.Reason }

type (
	loud struct{ error }
	// Structured is an error with a JSON form of its own.
	Structured struct{ Code int }
	fragile    struct{ inner *Declined }
	Failures   struct {
		Err   error
		Own   *Declined
		Value Declined
		Any   any
		Count int `json:"count"`
	}
)

func (s Structured) Error() string                { return "structured" }
func (s Structured) MarshalJSON() ([]byte, error) { return []byte(`{"code":7}`), nil }
func (f fragile) Error() string                   { return f.inner.Reason }

func TestErrorsReadAsTheirText(t *testing.T) {
	plain := errors.New("x < y")
	declined := Declined{marker, "no money"}
	for _, tt := range []struct {
		v    any
		want string
	}{
		{plain, `"x \u003c y"`},
		{[]error{plain, nil}, `["x \u003c y",null]`},
		{map[string]any{"err": plain, "n": 1}, `{"err":"x \u003c y","n":1}`},
		{map[string]any{"at": []any{&fs.PathError{Op: "open", Path: "p", Err: fs.ErrNotExist}}}, `{"at":["open p: file does not exist"]}`},
		{struct{ E error }{}, `{"E":null}`},
		{struct{ E error }{(*Declined)(nil)}, `{"E":null}`},
		{errors.Join(plain, plain), `"x \u003c y\nx \u003c y"`},
		{Failures{Err: declined, Own: &declined, Value: declined, Any: &declined, Count: 2},
			`{"Err":"card [redacted]: no money","Own":"card [redacted]: no money","Value":"card [redacted]: no money","Any":"card [redacted]: no money","count":2}`},
		{struct{ E error }{fmt.Errorf("wrapped: %w", declined)}, `{"E":"[redacted]"}`},
		{[]any{fmt.Errorf("wrapped: %w", plain)}, `["wrapped: x \u003c y"]`},
		{struct{ E any }{loud{}}, `{"E":{}}`},
		{struct{ E error }{fragile{}}, `{"E":{}}`},
		{[]error{Structured{7}, &Structured{8}}, `[{"code":7},{"code":7}]`},
		{[]any{time.Duration(3), &time.ParseError{Layout: "a", Message: ": bad"}}, `[3,"parsing time \"\": bad"]`},
	} {
		if got := string(shown(tt.v)); got != tt.want {
			t.Errorf("%T:\n got %s\nwant %s", tt.v, got, tt.want)
		}
	}
}

// Stateful shows what it keeps to itself.
type Stateful struct {
	Card  Card
	total int
	call  func() Secret
}

func (s Stateful) MarshalJSON() ([]byte, error) {
	text := ""
	if s.call != nil {
		text = string(s.call())
	}
	return json.Marshal(fmt.Sprint(s.Card.Number, s.total, text))
}

func TestMethodsSeeTheCopy(t *testing.T) {
	if got := string(shown(Stateful{Card: *card(), total: 3})); got != `"[redacted]3"` {
		t.Errorf("a field without a secret is lost: %s", got)
	}
	if got := string(shown(Stateful{Card: *card(), total: 3, call: func() Secret { return marker }})); strings.Contains(got, string(marker)) {
		t.Errorf("a function brought the secret: %s", got)
	}
}

// Knot is its own pointer.
type Knot *Knot

// Registry shows what it keeps out of sight.
type Registry struct {
	cards sync.Map
	last  atomic.Pointer[Card]
	any   atomic.Value
}

func (r *Registry) MarshalJSON() ([]byte, error) {
	var all []any
	r.cards.Range(func(_, v any) bool {
		all = append(all, v)
		return true
	})
	return json.Marshal(fmt.Sprintf("%v %+v %+v", all, r.last.Load(), r.any.Load()))
}

func TestWhatCannotBeLookedIntoIsNotShown(t *testing.T) {
	for name, fill := range map[string]func(*Registry){
		"map":     func(r *Registry) { r.cards.Store(1, *card()) },
		"pointer": func(r *Registry) { r.last.Store(card()) },
		"value":   func(r *Registry) { r.any.Store(*card()) },
	} {
		var r Registry
		fill(&r)
		if got := shown(&r); strings.Contains(string(got), string(marker)) {
			t.Errorf("%s: %s", name, got)
		}
		if got := shown([]any{struct{ R *Registry }{&r}}); strings.Contains(string(got), string(marker)) {
			t.Errorf("%s in an interface: %s", name, got)
		}
	}
}

// Beyond shows what lies beyond the length of its slice.
type Beyond struct{ Cards []Card }

func (b Beyond) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%+v", b.Cards[:cap(b.Cards)]))
}

func TestWhatLiesBeyondASliceIsNotShown(t *testing.T) {
	for n := range 2 {
		if got := shown(Beyond{[]Card{*card(), *card()}[:n]}); strings.Contains(string(got), string(marker)) {
			t.Errorf("%d alone: %s", n, got)
		}
		if got := shown(struct{ B, C any }{Beyond{[]Card{*card(), *card()}[:n]}, card()}); strings.Contains(string(got), string(marker)) {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestCyclesEnd(t *testing.T) {
	var knot Knot
	knot = &knot
	var self any
	self = &self
	type pair struct{ A, B any }
	var first, second any
	first, second = &second, &first
	ring := &Ring{Any: card()}
	ring.Next = ring
	mapping := map[string]any{}
	mapping["x"] = mapping
	slice := make([]any, 1)
	slice[0] = &slice
	for name, v := range map[string]any{
		"pointer": knot, "interface": self, "two": pair{first, second}, "in a struct": struct{ K Knot }{knot}, "any": []any{knot, 1},
		"with a secret": ring, "mapping": mapping, "slice": slice,
	} {
		got := shown(v)
		if !json.Valid(got) || !strings.Contains(string(got), "a cycle]") || strings.Contains(string(got), string(marker)) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWhatIsSharedEnds(t *testing.T) {
	var v any = 1
	for range 60 {
		v = []any{v, v}
	}
	if got := shown(v); len(got) > 1<<20 || !json.Valid(got) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestTypeNames(t *testing.T) {
	if got := redact.TypeName(reflect.TypeFor[map[string]json.RawMessage]()); got != "map[string]json.RawMessage" {
		t.Error(got)
	}
}

func TestCopyIsTheSameWithoutSecrets(t *testing.T) {
	o := order()
	plain, _, _ := redact.PlanOf(reflect.TypeFor[*Order]())
	if got := plain.Copy(reflect.ValueOf(&o)).Interface().(*Order); got != &o {
		t.Error("a value without secrets is copied")
	}
	hiding, _, _ := redact.PlanOf(reflect.TypeFor[*Order](), "Card.Number")
	got := hiding.Copy(reflect.ValueOf(&o)).Interface().(*Order)
	want := order()
	want.ByName = order().ByName
	want.Card.Number = redact.Mask
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v\nwant %+v", *got, want)
	}
	if o.Card.Number != marker {
		t.Error("the original is changed")
	}
	if got := hiding.Copy(reflect.ValueOf((*Order)(nil))); !got.IsNil() {
		t.Error("nil has a copy")
	}
}

func ExamplePlanOf() {
	type Card struct {
		Number string
		Year   int
	}
	type Payment struct {
		Cents int
		Cards map[string]*Card
	}
	p, unknown, err := redact.PlanOf(reflect.TypeFor[Payment](), "Cards.Number", "Cards.Year", "Card.CVC")
	fmt.Println(unknown, err)
	raw, zero := p.Show(reflect.ValueOf(Payment{500, map[string]*Card{"main": {"4111", 2030}}}))
	fmt.Println(string(raw), zero)
	// Output:
	// [Card.CVC] <nil>
	// {"Cents":500,"Cards":{"main":{"Number":"[redacted]","Year":0}}} [Cards.Year]
}

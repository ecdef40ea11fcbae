package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
)

// shown is v as a plan shows it.
func shown(v any) json.RawMessage {
	p, _, err := redact.PlanOf(reflect.TypeOf(v))
	if err != nil {
		panic(err)
	}
	return p.JSON(reflect.ValueOf(v))
}

func card() *Card {
	return &Card{Holder: "Ada", Number: marker, CVC: marker, PIN: 1234, secret: marker}
}

const emptyCard = `{"holder":"","number":"[redacted]","cvc":"[redacted]"}` // it does not tell whether it is

const shownCard = `{"holder":"Ada","number":"[redacted]","cvc":"[redacted]"}`

func TestJSON(t *testing.T) {
	pointer := card()
	node := &Node{Name: "a", Token: marker}
	node.Next = &Node{Name: "b", Next: node}
	var loop Recursive
	loop = &loop
	cyclic := []any{1}
	cyclic[0] = cyclic
	opened := &box{card()}
	half := 0.5
	for _, tt := range []struct {
		v    any
		want string
	}{
		{*card(), shownCard},
		{card(), shownCard},
		{Card{}, emptyCard},
		{(*Card)(nil), `null`},
		{Embedding{Login: Login{"ada", marker}, Card: card()}, `{"User":"[redacted]","Key":"[redacted]","holder":"Ada","number":"[redacted]","cvc":"[redacted]"}`},
		{Embedding{}, `{"User":"[redacted]","Key":"[redacted]"}`},
		{Deep{Cards: []Card{*card()}, ByName: map[string]*Card{"b": card(), "a<": nil}, Array: [1]Card{*card()}, Any: card(), Pointer: &pointer},
			`{"Cards":[` + shownCard + `],"ByName":{"a\u003c":null,"b":` + shownCard + `},"Array":[` + shownCard + `],"Any":` + shownCard + `,"Pointer":` + shownCard + `,"Node":null}`},
		{map[string]any{"x": []any{1, "<", nil, *card()}}, `{"x":[1,"\u003c",null,` + shownCard + `]}`},
		{Quoted{N: 1, S: "a\"<", F: &half, L: 2, Num: "3"}, `{"N":"1","S":"\"a\\\"\\u003c\"","F":"0.5","L":"level 2","Num":"3","\u003ctok\u003e":"[redacted]"}`},
		{Quoted{Tok: marker, Zero: time.Unix(0, 0).UTC()}, `{"N":"0","S":"\"\"","F":null,"L":"level 0","Num":"0","zero":"1970-01-01T00:00:00Z","\u003ctok\u003e":"[redacted]"}`},
		{Keys{Cards: map[Key]int{{"k", marker}: 1}, Levels: map[Level]Card{2: {}, 1: {}}, Ints: map[int]Card{10: {}, 9: {}}, Odd: map[[1]int]Card{{}: {}}},
			`{"Cards":null,"Levels":{"level 1":` + emptyCard + `,"level 2":` + emptyCard + `},"Ints":{"10":` + emptyCard + `,"9":` + emptyCard + `},"Odd":"[unencodable: map[[1]int]redact_test.Card]"}`},
		{Printer{"p", marker}, `"{A:p B:[redacted]}"`},
		{&Outer{"o", *card()}, `"{Holder:Ada Number:[redacted] CVC:[redacted] PIN:0 secret:}"`},
		{[]Outer{{"o", *card()}}, `["{Holder:Ada Number:[redacted] CVC:[redacted] PIN:0 secret:}"]`},
		{Closed{"c", card()}, `"\u003cnil\u003e "`},
		{Closed{"c", 1}, `"1 "`},
		{Texter{[]Card{*card()}}, `"[{Holder:Ada Number:[redacted] CVC:[redacted] PIN:0 secret:}]"`},
		{Hidden{"h", card()}, `"h \u003cnil\u003e"`},
		{node, `{"Name":"a","Token":"[redacted]","Next":{"Name":"b","Token":"[redacted]","Next":"[unencodable: *redact_test.Node, a cycle]","All":null},"All":null}`},
		{loop, `"[unencodable: redact_test.Recursive, a cycle]"`},
		{cyclic, `["[unencodable: []interface {}, a cycle]"]`},
		{[]any{pointer, pointer}, `[` + shownCard + `,` + shownCard + `]`},
		{Promoting{promoted{card()}}, `{"Any":` + shownCard + `}`},
		{Boxes{opened, Closed{"c", opened}}, `{"Open":{},"Closed":"\u003cnil\u003e "}`},
		{NamedPart{promoted: promoted{1}}, `{"part":{"Any":1},"Card":` + emptyCard + `}`},
		{[]ByPointer{{card()}}, `[""]`},
		{map[*Pin]any{nil: math.NaN()}, `{"":"[unencodable: float64 NaN]"}`},
		{nil, `null`},
		{make(chan int), `"[unencodable: chan int]"`},
		{struct {
			F func()
			X float64
			C chan<- int
			A int
		}{X: math.NaN()}, `{"F":"[unencodable: func()]","X":"[unencodable: float64 NaN]","C":"[unencodable: chan\u003c- int]","A":0}`},
		{map[string]any{"ok": Level(1), "bad": math.Inf(1), "raw": json.RawMessage("{")}, `{"bad":"[unencodable: float64 +Inf]","ok":"level 1","raw":"[unencodable: json.RawMessage]"}`},
		{[]any{failing{}, panicking{}, &panicking{}, []byte("hi"), (*panicking)(nil)}, `["[unencodable: redact_test.failing]","[unencodable: redact_test.panicking]","[unencodable: *redact_test.panicking]","aGk=",null]`},
		{[]badByte{1}, `["[unencodable: redact_test.badByte]"]`},
		{map[any]int{true: 1}, `"[unencodable: map[interface {}]int]"`},
		{map[panicking]any{{}: math.NaN()}, `{"[unencodable: redact_test.panicking]":"[unencodable: float64 NaN]"}`},
		{map[failing]any{{}: card()}, `{"[unencodable: redact_test.failing]":` + shownCard + `}`},
		{struct {
			Z panicking `json:",omitzero"`
			C Card      `json:"c"`
		}{C: *card()}, `{"Z":"[unencodable: redact_test.panicking]","c":` + shownCard + `}`},
		{json.RawMessage("\xff"), `"[unencodable: json.RawMessage]"`},
	} {
		if got := string(shown(tt.v)); got != tt.want {
			t.Errorf("%T:\n got %s\nwant %s", tt.v, got, tt.want)
		}
	}
}

func TestJSONEnds(t *testing.T) {
	deep := &Node{Token: marker}
	for range 5000 {
		deep = &Node{Token: marker, Next: deep}
	}
	var nested any = card()
	for range 20_000 {
		nested = []any{nested}
	}
	friends := make([]*Node, 30)
	for i := range friends {
		friends[i] = &Node{Token: marker}
	}
	for _, f := range friends {
		f.All = slices.Clone(friends)
	}
	broken := make([]any, 30)
	for i := range broken {
		broken[i] = map[string]any{"all": broken, "nan": math.NaN()}
	}
	if got := shown(friends); !strings.Contains(string(got), "repeated too often") {
		t.Errorf("all of %d bytes of friends shown", len(got))
	}
	for name, v := range map[string]any{"deep": deep, "nested": nested, "friends": friends, "broken": broken} {
		got := shown(v)
		if !json.Valid(got) || strings.Contains(string(got), string(marker)) {
			t.Errorf("%s: invalid, or not redacted: %.200s", name, got)
		}
		if !strings.Contains(string(got), "[unencodable: ") {
			t.Errorf("%s: no placeholder: %.200s", name, got)
		}
	}
}

func TestJSONShowsManyEmpty(t *testing.T) {
	nodes := make([]Node, 20_000)
	for i := range nodes {
		nodes[i].All = []*Node{}
	}
	if got := shown(nodes); strings.Contains(string(got), "unencodable") {
		t.Error("empty slices count as repeated")
	}
}

func TestNone(t *testing.T) {
	for typ, want := range map[reflect.Type]struct{ none, inType bool }{
		reflect.TypeFor[Card]():            {false, true},
		reflect.TypeFor[map[Key]int]():     {false, true},
		reflect.TypeFor[[]map[int]*Deep](): {false, true},
		reflect.TypeFor[Hidden]():          {false, true},
		reflect.TypeFor[Embedding]():       {false, true},
		reflect.TypeFor[Login]():           {true, false},
		reflect.TypeFor[any]():             {false, false},
		reflect.TypeFor[Closed]():          {false, false},
		reflect.TypeFor[Recursive]():       {true, false},
		reflect.TypeFor[time.Time]():       {true, false},
		reflect.TypeFor[struct{ X int }](): {true, false},
		reflect.TypeFor[func(Card)]():      {true, false},
		nil:                                {true, false},
	} {
		p, _, err := redact.PlanOf(typ)
		if err != nil || p.None() != want.none || p.InType() != want.inType {
			t.Errorf("%v: none %v, in type %v, %v", typ, p.None(), p.InType(), err)
		}
	}
}

func TestHas(t *testing.T) {
	ring := &Ring{}
	ring.Next = ring
	secret := &Ring{Next: &Ring{Next: ring, Any: card()}}
	opened := &box{card()}
	var deep any = []any{}
	for range 20_000 {
		deep = []any{deep}
	}
	for name, tt := range map[string]struct {
		v    any
		want bool
	}{
		"zero":             {Card{Holder: "Ada"}, true},
		"set":              {Card{CVC: marker}, true},
		"not in JSON":      {Card{PIN: 1}, true},
		"unexported":       {&Card{secret: marker}, true},
		"embedded":         {Embedding{Login: Login{User: "x"}}, true},
		"embedded zero":    {Embedding{}, true},
		"nil":              {(*Card)(nil), false},
		"none in a slice":  {[]Card{}, false},
		"cycle":            {&Ring{Next: ring}, false},
		"behind a cycle":   {secret, true},
		"any":              {map[string]any{"x": []any{1, card()}}, true},
		"any zero":         {map[string]any{"x": []any{1, Card{}}}, true},
		"any without":      {map[string]any{"x": []any{1, Login{Key: marker}}}, false},
		"key":              {map[Key]int{{Secret: marker}: 1}, true},
		"marshaler":        {Closed{inside: card()}, true},
		"marshaler nil":    {Closed{inside: (*Card)(nil)}, false},
		"hidden":           {Hidden{card: card()}, true},
		"array in pointer": {&[1]any{*card()}, true},
		"unshown":          {Unshown{Card{Number: marker}}, true},
		"promoted":         {Promoting{promoted{card()}}, true},
		"second way":       {Boxes{opened, Closed{"c", opened}}, true},
		"too deep":         {deep, true},
		"without":          {Login{Key: marker}, false},
	} {
		p, _, _ := redact.PlanOf(reflect.TypeOf(tt.v))
		if got := p.Has(reflect.ValueOf(tt.v)); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSharedWithoutTags holds that looking for secrets is linear where values are shared.
func TestSharedWithoutTags(t *testing.T) {
	shared := any("x")
	for range 64 {
		m := map[string]any{"a": shared, "b": shared}
		shared = m
	}
	if p, _, _ := redact.PlanOf(reflect.TypeFor[any]()); p.Has(reflect.ValueOf(shared)) {
		t.Error("found a secret in none")
	}
}

func BenchmarkJSON(b *testing.B) {
	type plain struct {
		Holder string    `json:"holder"`
		Number string    `json:"number"`
		At     time.Time `json:"at"`
		Lines  []string
	}
	p := plain{"Ada", "4111", time.Now(), []string{"a", "b"}}
	for name, v := range map[string]any{
		"untagged": &p, "tagged": card(), "any": map[string]any{"a": 1, "b": "x", "c": []any{1, 2, 3}}, "error": errors.New("x"),
	} {
		plan, _, _ := redact.PlanOf(reflect.TypeOf(v))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.JSON(reflect.ValueOf(v))
			}
		})
		b.Run(name+"-encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = json.Marshal(v)
			}
		})
	}
}

func ExamplePlan_JSON() {
	type Payment struct {
		Amount int    `json:"amount"`
		Card   string `json:"card" saferunner:"redact"`
	}
	fmt.Println(string(shown(map[string]any{"payment": Payment{Amount: 5, Card: "4111 1111 1111 1111"}, "done": make(chan bool)})))
	// Output:
	// {"done":"[unencodable: chan bool]","payment":{"amount":5,"card":"[redacted]"}}
}

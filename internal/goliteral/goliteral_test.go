package goliteral_test

import (
	"encoding/json"
	"go/format"
	"math"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/saferunner/saferunner/internal/goliteral"
	"github.com/saferunner/saferunner/internal/goliteral/internal/shop"
)

type (
	own     struct{ A, b int }
	chain   struct{ Next *chain }
	loop    []loop
	circle  map[string]circle
	self    *self
	float   float64
	stamped struct {
		At   time.Time
		For  time.Duration
		hour time.Duration
	}
)

const thisPackage = "github.com/saferunner/saferunner/internal/goliteral_test"

func TestValue(t *testing.T) {
	tests := []struct {
		name  string
		value any
		want  string
	}{
		{"nil", nil, `nil`},
		{"bool", true, `true`},
		{"int", -5, `-5`},
		{"int64", int64(5), `int64(5)`},
		{"uint8", byte(5), `uint8(5)`},
		{"rune", 'x', `int32(120)`},
		{"float64", 5.0, `5.0`},
		{"float64 with a fraction", 0.1, `0.1`},
		{"large float64", 1e21, `1e+21`},
		{"small float64", 5e-324, `5e-324`},
		{"float32", float32(0.1), `float32(0.1)`},
		{"NaN", math.NaN(), `math.NaN()`},
		{"negative zero", math.Copysign(0, -1), `math.Copysign(0, -1)`},
		{"named infinity", float(math.Inf(-1)), `float(math.Inf(-1))`},
		{"float32 that is infinite, where its type is given", []float32{1, float32(math.Inf(1))}, `[]float32{1, float32(math.Inf(1))}`},
		{"complex128", complex(1, -2.5), `complex(1, -2.5)`},
		{"complex64", complex64(complex(1, 2)), `complex64(complex(1, 2))`},
		{"string", "a \"b\"\x00", `"a \"b\"\x00"`},
		{"string that is shorter raw", `{"a":1}`, "`{\"a\":1}`"},
		{"lines that fit", "a\nb\n", `"a\nb\n"`},
		{"named number", shop.Cents(5), `shop.Cents(5)`},
		{"named string", shop.Status("paid"), `shop.Status("paid")`},
		{"number of this package", float(5), `float(5)`},

		{"duration", 5 * time.Second, `5 * time.Second`},
		{"hour", time.Hour, `time.Hour`},
		{"no duration", time.Duration(0), `time.Duration(0)`},
		{"back in time", -1500 * time.Millisecond, `-1500 * time.Millisecond`},
		{"time", time.Date(2026, 11, 2, 15, 4, 5, 6, time.UTC), `time.Date(2026, time.November, 2, 15, 4, 5, 6, time.UTC)`},
		{"time elsewhere", time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("SAST", 7200)), `time.Date(2025, time.December, 31, 23, 0, 0, 0, time.UTC)`},
		{"no time", time.Time{}, `time.Time{}`},
		{"times of this package", stamped{time.Unix(0, 0), time.Second, time.Hour}, "stamped{\n\tAt:   time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC),\n\tFor:  time.Second,\n\thour: time.Hour,\n}"},
		{"address", netip.MustParseAddr("fe80::1%eth0"), `netip.MustParseAddr("fe80::1%eth0")`},
		{"no address", netip.Addr{}, `netip.Addr{}`},
		{"address and port", netip.MustParseAddrPort("[::1]:80"), `netip.MustParseAddrPort("[::1]:80")`},
		{"prefix", netip.MustParsePrefix("10.0.0.0/8"), `netip.MustParsePrefix("10.0.0.0/8")`},
		{"big integer", big.NewInt(-7), `big.NewInt(-7)`},

		{"nil slice", []int(nil), `[]int(nil)`},
		{"empty slice", []int{}, `[]int{}`},
		{"nil slice in a slice", [][]int{nil, {}, {1}}, `[][]int{nil, {}, {1}}`},
		{"named slice", shop.Scopes{"a"}, `shop.Scopes{"a"}`},
		{"array", [4]int{0, 1}, `[4]int{0, 1}`},
		{"empty array", [4]int{}, `[4]int{}`},
		{"interfaces", []any{1, int8(1), nil, []any{"x"}, (*int)(nil)}, `[]any{1, int8(1), nil, []any{"x"}, (*int)(nil)}`},
		{"printable bytes", []byte("a\tb\n"), `[]byte("a\tb\n")`},
		{"other bytes", []byte{0, 255}, `[]byte{0x00, 0xff}`},
		{"no bytes", []byte{}, `[]byte{}`},
		{"raw JSON", json.RawMessage(`{"a":1}`), "json.RawMessage(`{\"a\":1}`)"},
		{"slices of bytes", [][]byte{[]byte("a"), {7}, nil}, `[][]byte{[]byte("a"), {0x07}, nil}`},
		{"map", map[string]int{"b": 2, "a": 1}, `map[string]int{"a": 1, "b": 2}`},
		{"map with numbers", map[int8]bool{10: true, 9: true, -1: false}, `map[int8]bool{-1: false, 9: true, 10: true}`},
		{"map with structs", map[own]own{{A: 2}: {}, {A: 1}: {b: 1}}, `map[own]own{{A: 1}: {b: 1}, {A: 2}: {}}`},
		{"map with interfaces", map[any]any{1: 2, "a": 2.5, int64(1): nil}, `map[any]any{"a": 2.5, 1: 2, int64(1): nil}`},
		{"nil map", map[string]int(nil), `map[string]int(nil)`},
		{"header", http.Header{"A": {"1", "2"}}, `http.Header{"A": {"1", "2"}}`},

		{"pointer to a struct", &shop.Item{SKU: "x"}, `&shop.Item{SKU: "x"}`},
		{"pointer to a number", new(5), `new(5)`},
		{"pointer to a typed number", new(int64(5)), `new(int64(5))`},
		{"pointer to a named string", new(shop.Status("a")), `new(shop.Status("a"))`},
		{"pointer to a duration", new(5 * time.Second), `new(5 * time.Second)`},
		{"pointer to a pointer", new(&own{A: 1}), `new(&own{A: 1})`},
		{"pointer to nil", new(*own), `new(*own)`},
		{"pointer to a nil slice", new([]int), `new([]int)`},
		{"pointer to a slice", &[]int{1}, `&[]int{1}`},
		{"pointer to text", new([]byte("a")), `new([]byte("a"))`},
		{"pointer to an interface", new(any(5)), `new(any(5))`},
		{"pointer to an interface that holds a struct", new(any(own{A: 1})), `new(any(own{A: 1}))`},
		{"pointer to a nil interface", new(error), `new(error)`},
		{"pointers in a slice", []*own{{A: 1}, nil, {}}, `[]*own{{A: 1}, nil, {}}`},
		{"pointers to pointers in a slice", []**own{new(&own{A: 1})}, `[]**own{new(&own{A: 1})}`},
		{"named pointer", shop.Ref(&shop.Item{}), `shop.Ref(&shop.Item{})`},
		{"named pointers in a slice", []shop.Ref{{SKU: "a"}}, `[]shop.Ref{&shop.Item{SKU: "a"}}`},
		{"nil pointer", (*own)(nil), `(*own)(nil)`},
		{"nil function", (func(int, ...any) (int, error))(nil), `(func(int, ...any) (int, error))(nil)`},
		{"nil channels", []any{(chan int)(nil), (<-chan int)(nil), (chan (<-chan int))(nil)}, `[]any{(chan int)(nil), (<-chan int)(nil), (chan (<-chan int))(nil)}`},

		{"struct", own{A: 1, b: 2}, `own{A: 1, b: 2}`},
		{"zero struct", own{}, `own{}`},
		{"embedded", shop.Order{Base: shop.Base{CreatedBy: "x"}}, `shop.Order{Base: shop.Base{CreatedBy: "x"}}`},
		{"url", url.URL{Scheme: "https", Host: "a"}, `url.URL{Scheme: "https", Host: "a"}`},
		{"anonymous struct", struct{ A int }{1}, `struct{ A int }{A: 1}`},
		{"generic", shop.Pair[int, string]{First: 1, Second: "a"}, `shop.Pair[int, string]{First: 1, Second: "a"}`},
		{"generic of types of packages", shop.Pair[*own, map[shop.Cents][]time.Time]{}, `shop.Pair[*own, map[shop.Cents][]time.Time]{}`},
		{"generic that does not hold its argument", shop.ID[shop.Pair[http.Header, any]]("x"), `shop.ID[shop.Pair[http.Header, any]]("x")`},
		{"generic of a function", shop.ID[func(int, ...own) (error, bool)]("x"), `shop.ID[func(int, ...own) (error, bool)]("x")`},

		{"function", own.get, `nil /* func: not a value that can be written */`},
		{"functions", []func(own) int{own.get}, `[]func(own) int{nil /* func: not a value that can be written */}`},
		{"function in a field", shop.Order{Status: "a", Notify: func(string) error { return nil }}, `shop.Order{Status: "a" /* Notify: func: not a value that can be written */}`},
		{"pointer to a channel", new(make(chan int)), `nil /* chan: not a value that can be written */`},
		{"unsafe pointer", unsafe.Pointer(new(0)), `nil /* unsafe.Pointer: not a value that can be written */`},
		{"unexported elsewhere", shop.NewOrder().Items[1:], "[]shop.Item{\n\t{SKU: \"cup\", Price: 1200, Count: 1, Tags: []string{\"blue\", \"fragile\"} /* note: unexported */},\n}"},
		{"type unexported elsewhere", shop.Hide("w"), `nil /* shop.secret is unexported */`},
		{"redacted", shop.NewCard("4111", 123), "shop.Card{\n\tHolder: \"Ada\",\n\tNumber: \"[redacted]\",\n\t/* CVC: redacted; Base: redacted; pin: redacted; limits: redacted */\n}"},
		{"redacted, even if zero", shop.Pair[int, shop.Card]{First: 1}, "shop.Pair[int, shop.Card]{\n\tFirst: 1,\n\tSecond: shop.Card{\n\t\tNumber: \"[redacted]\",\n\t\t/* CVC: redacted; Base: redacted; pin: redacted; limits: redacted */\n\t},\n}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := write(tt.value, thisPackage)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			checkFormat(t, got)
		})
	}
}

// write returns v as it stands in a package whose files import everything.
func write(v any, pkg string) string { return writeValue(reflect.ValueOf(v), pkg) }

func writeValue(v reflect.Value, pkg string) string {
	w := goliteral.Writer{File: goliteral.File{Package: pkg}}
	source, _ := w.Value(v, false)
	return source
}

func (o own) get() int { return o.A }

// checkFormat fails the test unless source is an expression that gofmt leaves as it is.
func checkFormat(t *testing.T, source string) {
	t.Helper()
	file := "package p\n\nvar _ = " + source + "\n"
	formatted, err := format.Source([]byte(file))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, file)
	}
	if string(formatted) != file {
		t.Errorf("gofmt changes:\n%q\nto:\n%q", file, formatted)
	}
}

func TestCyclesAndDepthEnd(t *testing.T) {
	ring := &chain{}
	ring.Next = &chain{ring}
	slice := loop{nil}
	slice[0] = slice
	table := circle{}
	table["a"] = table
	var pointer self
	pointer = &pointer
	long := &chain{}
	for range 100 {
		long = &chain{long}
	}
	wide := any("leaf")
	for range 30 {
		wide = []any{wide, wide}
	}
	tests := map[string]struct {
		value any
		want  string
	}{
		"pointers":      {ring, `&chain{Next: &chain{ /* Next: a cycle */ }}`},
		"slice":         {slice, `loop{nil /* a cycle */}`},
		"map":           {table, `circle{"a": nil /* a cycle */}`},
		"self":          {pointer, `self(nil) /* a cycle */`},
		"deep":          {long, `too deep to be written */`},
		"wide and deep": {wide, "nil, /* too deep to be written */"},
		"many values":   {make([]int, 1e6), `/* 990001 more */`},
		"many entries":  {many(20_000), ` more */`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := write(tt.value, thisPackage)
			if !strings.Contains(got, tt.want) || len(got) > 1<<20 {
				t.Errorf("got %d bytes, not with %s: %.1000s", len(got), tt.want, got)
			}
			checkFormat(t, got)
		})
	}
}

func many(n int) map[int]bool {
	m := map[int]bool{}
	for i := range n {
		m[i] = true
	}
	return m
}

func TestTheSameIsNoCycle(t *testing.T) {
	item := &own{A: 1}
	got := write([]*own{item, item}, thisPackage)
	if want := `[]*own{{A: 1}, {A: 1}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnexportedFieldsAreRead(t *testing.T) {
	type inner struct {
		at  time.Time
		any any
	}
	v := inner{any: inner{at: time.Unix(1, 0)}}
	const want = `inner{any: inner{at: time.Date(1970, time.January, 1, 0, 0, 1, 0, time.UTC)}}`
	for name, v := range map[string]reflect.Value{"value": reflect.ValueOf(v), "addressable": reflect.ValueOf(&v).Elem()} {
		if got := writeValue(v, thisPackage); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	field := reflect.ValueOf(v).Field(1)
	if got, want := writeValue(field, thisPackage), `nil /* reached through an unexported field */`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSecretsStayOut(t *testing.T) {
	type key struct {
		Token string `saferunner:"redact"`
	}
	type holder struct {
		Cards map[key]*shop.Card
		any   any
		List  [2]shop.Pair[any, []shop.Card]
		Inner struct {
			Misspelt string `saferunner:"redacted"`
		} `json:"x"`
		Whole shop.Order `saferunner:"redact"`
	}
	const word, number = "marker", 987654321
	card := struct{ C shop.Card }{shop.NewCard(word, number)}
	h := holder{any: &card, Whole: shop.Order{Status: word}}
	h.List[1] = shop.Pair[any, []shop.Card]{First: card, Second: []shop.Card{card.C}}
	h.Inner.Misspelt = word
	h.Cards = map[key]*shop.Card{{word}: &card.C}
	for _, pkg := range []string{thisPackage, shop.PkgPath, ""} {
		got := write([]any{h, &h, card, &card, card.C}, pkg)
		if strings.Contains(got, word) || strings.Contains(got, "987654321") || !strings.Contains(got, "[redacted]") {
			t.Errorf("in package %q: %s", pkg, got)
		}
		checkFormat(t, got)
	}
}

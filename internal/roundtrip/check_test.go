package roundtrip_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/roundtrip"
)

func check[T any](v T) error {
	return roundtrip.PlanOf(reflect.TypeFor[T]()).Check(reflect.ValueOf(&v).Elem(), nil)
}

func ptr[T any](v T) *T { return &v }

func TestRefused(t *testing.T) {
	cycle := &Tree{}
	cycle.Right = &Tree{Left: cycle}
	list := List{nil}
	list[0] = list
	var self Self
	self = &self
	anyList := []any{1.0, nil}
	anyList[1] = anyList
	deep := any("")
	for range 6000 {
		deep = []any{deep}
	}
	invalid := "\xff"
	for name, tt := range map[string]struct {
		err  error
		want []string // all of these
	}{
		"unexported":         {check(Order{Items: []Item{{}, {}, {}, {done: true}}}), []string{"Order.Items[3].done (bool): an unexported field that is not zero would be lost in JSON; export it, clear it, or give roundtrip_test.Item a MarshalJSON and UnmarshalJSON"}},
		"minus":              {check(Embedded{Note: "x"}), []string{"Embedded.Note (string)", `json:"-"`}},
		"embedded type":      {check(Embedded{code: 1}), []string{"Embedded.code", "unexported"}},
		"same name":          {check(Clash{B: 1}), []string{"Clash.B (int)", "another one has its name"}},
		"unexported pointer": {check(Embedded{lowered: &lowered{}}), []string{"Embedded.lowered (*roundtrip_test.lowered)", "embedded pointer"}},
		"shadowed":           {check(Embedded{Base: Base{Name: "x"}}), []string{"Embedded.Base.Name", "another one"}},
		"vanishing pointer":  {check(OnlyPointer{Base: &Base{}}), []string{"OnlyPointer.Base (*roundtrip_test.Base)", "comes back nil"}},
		"named embedded":     {check(NamedInner{}), []string{"NamedInner.lowered"}},
		"function":           {check(Functions{F: func() {}}), []string{"Functions.F (func())", "cannot hold a function"}},
		"nil channel":        {check(Functions{}), []string{"Functions.C (chan int)", "nor a nil one"}},
		"complex":            {check(complex(1, 1)), []string{"complex128 (complex128): JSON cannot hold a complex"}},
		"NaN":                {check(Order{Weight: float32(math.NaN())}), []string{"Order.Weight (float32): JSON cannot hold NaN"}},
		"infinity":           {check([]float64{0, math.Inf(1)}), []string{"arguments[1] (float64)"}},
		"UTF-8":              {check(Order{Items: []Item{{SKU: invalid}}}), []string{"Order.Items[0].SKU (string): invalid UTF-8"}},
		"UTF-8 key":          {check(Order{Meta: map[string]string{invalid: ""}}), []string{`Order.Meta["\xff"] (string): a key`}},
		"UTF-8 in map":       {check(Order{Meta: map[string]string{"k": invalid}}), []string{`Order.Meta["k"] (string): invalid`}},
		"redacted path":      {check(Order{Token: map[string]any{"secret": 1}}), []string{"Order.Token (int): a value of this type in an interface"}},
		"int in any":         {check(Anies{Any: 1}), []string{"Anies.Any (int)"}},
		"struct in any":      {check(Anies{List: []any{"", map[string]any{"k": Item{}}}}), []string{`Anies.List[1]["k"] (roundtrip_test.Item)`}},
		"pointer in any":     {check(Anies{Any: new(string)}), []string{"(*string)"}},
		"kind in any":        {check(Anies{Any: Kind("x")}), []string{"(roundtrip_test.Kind)"}},
		"number in any":      {check(Anies{Any: json.Number("1")}), []string{"(json.Number)"}},
		"nil list in any":    {check(Anies{Any: []any(nil)}), []string{"comes back as a nil interface"}},
		"any itself":         {check[any](1), []string{"arguments (int)"}},
		"error":              {check(Anies{Error: &time.ParseError{}}), []string{"Anies.Error", "interface error"}},
		"cycle":              {check(cycle), []string{"Tree.Right.Left.Right", "…", "(*roundtrip_test.Tree): JSON cannot hold a cycle"}},
		"cyclic slice":       {check(list), []string{"List[0][0]", "cycle"}},
		"cyclic pointer":     {check(self), []string{"cycle"}},
		"cyclic any":         {check(anyList), []string{"arguments[1][1]", "cycle"}},
		"deep":               {check(deep), []string{"nests this deep"}},
		"year":               {check(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), []string{"Time (time.Time)", "year"}},
		"zone seconds":       {check(time.Unix(0, 0).In(time.FixedZone("", 1172))), []string{"whole minutes"}},
		"zone day":           {check(time.Unix(0, 0).In(time.FixedZone("", 24*3600))), []string{"a day or more"}},
		"empty number":       {check(Options{}), []string{"Options.N (json.Number)", "comes back from JSON as 0"}},
		"bad number":         {check(json.Number("1 ")), []string{"not a number"}},
		"empty raw":          {check(Raw{R: json.RawMessage{}}), []string{"Raw.R (json.RawMessage): not valid JSON"}},
		"bad raw":            {check(Raw{L: []json.RawMessage{nil, []byte("{")}}), []string{"Raw.L[1]"}},
		"deep raw":           {check([]json.RawMessage{[]byte(strings.Repeat("[", 10000) + strings.Repeat("]", 10000))}), []string{"nests this deep"}},
		"pointer to nil":     {check(Pointers{PP: new(*int)}), []string{"Pointers.PP (**int)", "nil pointer"}},
		"pointer to slice":   {check(Pointers{PS: new([]int)}), []string{"Pointers.PS"}},
		"pointer to any":     {check(Pointers{PA: new(any)}), []string{"Pointers.PA"}},
		"pointer to null":    {check(Pointers{PR: ptr(json.RawMessage(" null "))}), []string{"Pointers.PR"}},
		"named pointer":      {check(Pointers{NT: &time.Time{}}), []string{"Pointers.NT", "named pointer type"}},
		"service":            {check(&Hooked{Name: "x"}), []string{"Hooked (roundtrip_test.Hooked)", "the caller and an async call would share"}},
		"service inside":     {check([]*Hooked{nil, {}}), []string{"arguments[1] (roundtrip_test.Hooked)"}},
		"omitted pointer":    {check(Options{N: "1", ZT: &time.Time{}}), []string{"Options.ZT (*time.Time)", "IsZero"}},
		"omitted value":      {check(Options{N: "1", Z: Lenient{Currency: "EUR"}}), []string{"Options.Z (roundtrip_test.Lenient)", "IsZero"}},
		"key kind":           {check(map[float64]int{}), []string{"keys of type float64"}},
		"key any":            {check(map[any]int{}), []string{"keys of type interface {}"}},
		"key text string":    {check(map[Text]int{}), []string{"as they stand"}},
		"key time":           {check(map[time.Time]int{}), []string{"reads them by UnmarshalJSON"}},
		"key one way":        {check(map[OneWay]int{}), []string{"need MarshalText and UnmarshalText"}},
		"one way":            {check(OneWay(0)), []string{"by MarshalText and reads it by its fields", "add UnmarshalText"}},
		"other way":          {check(OtherWay(0)), []string{"reads it by UnmarshalJSON; add MarshalJSON too"}},
		"crossed":            {check(Crossed(0)), []string{"by MarshalJSON and reads it by UnmarshalText"}},
		"crossed back":       {check(CrossedBack(0)), []string{"by MarshalText and reads it by UnmarshalJSON; add MarshalJSON"}},
		"pointer receiver":   {check(Big{}), []string{"pointer receiver", "use *roundtrip_test.Big"}},
		"pointer in map":     {check(map[string]Big{"k": {}}), []string{`arguments["k"]`, "pointer receiver"}},
		"quoted methods":     {check(Halves{Q: new(Level)}), []string{"Halves.Q", "does not go with"}},
		"one-way bytes":      {check([]OneWay8{1}), []string{"arguments[0]", "add UnmarshalText"}},
		"raw UTF-8":          {check(Raw{R: []byte("\"\xff\"")}), []string{"Raw.R"}},
		"omitted number":     {check(Options{N: "1", ZM: ptr(Tally(2))}), []string{"Options.ZM", "IsZero"}},
		"inherited":          {check(Stamped{Label: "x"}), []string{"Stamped.Label (string)", "inherits", "give the embedded field a name"}},
		"inherited year":     {check(Stamped{Time: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}), []string{"Stamped.Time (time.Time)", "year"}},
		"inherited deep":     {check(StampedDeep{N: 1}), []string{"StampedDeep.N"}},
		"inherited pointer":  {check(StampedPointer{&Money{}}), []string{"inherits"}},
		"inherited half":     {check(HalfOverridden{}), []string{"inherits"}},
		"unnamed inherited":  {check(Unnamed{}), []string{"Unnamed.T", "give the struct type a name"}},
	} {
		if tt.err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(tt.err.Error(), want) {
				t.Errorf("%s: %q lacks %q", name, tt.err, want)
			}
		}
		if strings.Contains(tt.err.Error(), "secret") {
			t.Errorf("%s: %q shows what is redacted", name, tt.err)
		}
	}
}

func TestAccepted(t *testing.T) {
	now := time.Now()
	long := &Tree{}
	for range 1000 {
		long = &Tree{Left: long, Right: long.Right}
	}
	shared := &Tree{Value: "x"}
	for name, err := range map[string]error{
		"zero order":   check(Order{}),
		"order":        check(Order{Items: []Item{{SKU: "ü"}}, Placed: now, Shipped: &now, Meta: map[string]string{}, Token: map[string]any{"a": []any{true, 1.5, "x", nil, map[string]any{}}}}),
		"embedded":     check(Embedded{Sibling: nil, Base: Base{ID: 1}}),
		"pointer":      check(OnlyPointer{Base: &Base{ID: 1}}),
		"clash":        check(Clash{X: 1, Y: 2}),
		"options":      check(Options{N: "-1.5e3", ZP: &Lenient{Amount: 1}, Z: Lenient{Amount: 1, Currency: "EUR"}}),
		"raw":          check(Raw{R: []byte(` {"a": "<"} `), L: []json.RawMessage{nil}, E: json.RawMessage{}}),
		"keys":         check(Keys{S: map[string]string{"": ""}, L: map[Level]string{3: "x"}}),
		"shared":       check([]*Tree{shared, shared}),
		"long":         check(long),
		"methods":      check(Methods{Money: Money{3}, PMoney: &Money{}}),
		"overridden":   check(Overridden{Time: now, Label: "x"}),
		"inherited":    check(Stamped{Time: now}),
		"no value":     roundtrip.PlanOf(reflect.TypeFor[any]()).Check(reflect.ValueOf(ptr[any](nil)).Elem(), nil),
		"bytes":        check([]byte{0xff}),
		"omitted time": check(Options{N: "1", T: time.Time{}.In(time.FixedZone("", 3600))}),
		"negative 0":   check(math.Copysign(0, -1)),
		"big":          check(Pointers{PB: nil}),
		"unnamed one":  check(struct{ A, B int }{1, 2}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAlways(t *testing.T) {
	for typ, want := range map[reflect.Type]bool{
		reflect.TypeFor[Flat]():               true,
		reflect.TypeFor[Money]():              false, // its methods are asked
		reflect.TypeFor[[]Level]():            false,
		reflect.TypeFor[string]():             false,
		reflect.TypeFor[float64]():            false,
		reflect.TypeFor[Item]():               false,
		reflect.TypeFor[List]():               false,
		reflect.TypeFor[*[]int]():             false,
		reflect.TypeFor[struct{ X, Y any }](): false,
		reflect.TypeFor[map[float64]int]():    false,
		reflect.TypeFor[Big]():                false,
		reflect.TypeFor[*Big]():               false,
		reflect.TypeFor[[]netip.Addr]():       true,
	} {
		if got := roundtrip.PlanOf(typ).Always(); got != want {
			t.Errorf("%v: always %v", typ, got)
		}
	}
}

func TestPlansAreShared(t *testing.T) {
	plans := make(chan *roundtrip.Plan)
	for range 4 {
		go func() { plans <- roundtrip.PlanOf(reflect.TypeFor[map[Kind]Tree]()) }()
	}
	first := <-plans
	for range 3 {
		if p := <-plans; p != first {
			t.Error("two plans for one type")
		}
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	o := Order{Items: []Item{{SKU: "a"}, {SKU: "b"}}, Placed: time.Now(), Shipped: &time.Time{}, Weight: 1}
	o.Shipped = &o.Placed
	v := reflect.ValueOf(&o).Elem()
	p := roundtrip.PlanOf(v.Type())
	if n := testing.AllocsPerRun(100, func() {
		if err := p.Check(v, nil); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	o := Order{Items: []Item{{SKU: "a"}, {SKU: "b"}}, Placed: time.Now(), Meta: map[string]string{}}
	v := reflect.ValueOf(&o).Elem()
	p := roundtrip.PlanOf(v.Type())
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Check(v, nil); err != nil {
			b.Fatal(err)
		}
	}
}

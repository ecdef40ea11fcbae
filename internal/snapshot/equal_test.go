package snapshot

import (
	"math"
	"math/big"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
)

//go:noinline
func closure(i int) func() int { return func() int { return i } }

func TestEqual(t *testing.T) {
	now := time.Now()
	n := 1
	f, g := func() { n++ }, func() { n-- }
	same := closure(1)
	nan := math.NaN()
	m := map[float64]int{nan: 1}
	c := make(chan int)
	type boxed struct{ F any }
	type private struct {
		f  func() int
		at float64
		m  map[string]any
	}
	type chain struct {
		at   float64
		link *chain
	}
	loop := func(n float64) *chain { p := &chain{at: n}; p.link = p; return p }
	for _, tt := range []struct {
		name string
		a, b any
		want bool
	}{
		{"ints", 1, 1, true},
		{"other int", 1, 2, false},
		{"other type", 1, int64(1), false},
		{"nil and nil", nil, nil, true},
		{"nil and value", nil, 1, false},
		{"unsigned", uint8(1), uint8(2), false},
		{"strings", "a", "b", false},
		{"bool", true, false, false},
		{"nan", nan, nan, true},
		{"nan and number", nan, 1.0, false},
		{"nan in struct", [2]struct{ A, B float64 }{{nan, 1}}, [2]struct{ A, B float64 }{{nan, 1}}, true},
		{"nan in one struct", struct{ A, B float64 }{nan, 1}, struct{ A, B float64 }{1, 1}, false},
		{"complex nan", complex(nan, 1), complex(nan, 1), true},
		{"complex", complex(nan, 1), complex(nan, 2), false},
		{"structs", money{1, "a"}, money{1, "a"}, true},
		{"other struct", money{1, "a"}, money{1, "b"}, false},
		{"small struct", struct{ A, B int8 }{1, 2}, struct{ A, B int8 }{1, 3}, false},
		{"bytes", []byte("a"), []byte("b"), false},
		{"byte arrays", [2]byte{1, 2}, [2]byte{1, 2}, true},
		{"large arrays", &[4096]byte{5: 1}, &[4096]byte{5: 2}, false},
		{"equal large arrays", [4096]byte{5: 1}, [4096]byte{5: 1}, true},
		{"many empty structs", make([]struct{}, 1<<30), make([]struct{}, 1<<30), true},
		{"array of many empty structs", [1 << 30]struct{}{}, [1 << 30]struct{}{}, true},
		{"nil and empty slice", []int(nil), []int{}, false},
		{"nil and empty map", map[int]int(nil), map[int]int{}, false},
		{"nil pointers", (*int)(nil), (*int)(nil), true},
		{"nil and pointer", (*money)(nil), &money{}, false},
		{"slices", []int{1, 2}, []int{1, 3}, false},
		{"longer slice", []int{1, 2}, []int{1, 2, 3}, false},
		{"maps", map[string]any{"a": []int{1}}, map[string]any{"a": []int{1}}, true},
		{"other key", map[string]int{"a": 1}, map[string]int{"b": 1}, false},
		{"other value", map[string]int{"a": 1}, map[string]int{"a": 2}, false},
		{"map with nan key, itself", m, m, true},
		{"map with nan key", m, map[float64]int{nan: 1}, false},
		{"any of other type", []any{1}, []any{"1"}, false},
		{"nested any", []any{[]any{1}}, []any{[]any{2}}, false},
		{"same function", f, f, true},
		{"other function", f, g, false},
		{"nil function", (func())(nil), f, false},
		{"same closure", same, same, true},
		{"closures of one literal", closure(1), closure(2), false},
		{"closures in any", boxed{closure(1)}, boxed{closure(2)}, false},
		{"same closure in any", boxed{same}, boxed{same}, true},
		{"unexported function", private{f: same}, private{f: same}, true},
		{"unexported closure behind pointer", &private{f: same}, &private{f: closure(1)}, false},
		{"channel", c, c, true},
		{"other channel", c, make(chan int), false},
		{"same instant", now.UTC(), now, true},
		{"same instant in struct", order{At: now.UTC()}, order{At: now.In(time.FixedZone("x", 3600))}, true},
		{"same instant behind pointers", &now, new(now.UTC()), true},
		{"same instant in flat struct", [1]struct {
			N int
			T time.Time
		}{{1, now.UTC()}}, [1]struct {
			N int
			T time.Time
		}{{1, now}}, true},
		{"other instant", order{At: now}, order{At: now.Add(1)}, false},
		{"method", temperature{300}, temperature{300.2}, true},
		{"method says no", temperature{300}, temperature{301}, false},
		{"method in slice", []temperature{{300}}, []temperature{{300.2}}, true},
		{"method behind pointer", &temperature{300}, &temperature{300.2}, true},
		{"pointer method", counter{1, 2}, counter{1, 3}, true},
		{"pointer method behind pointer", &counter{1, 2}, &counter{1, 3}, true},
		{"pointer method says no", &counter{1, 2}, &counter{2, 2}, false},
		{"pointer method in any", []any{counter{1, 2}}, []any{counter{1, 3}}, true},
		{"nil with pointer method", (*counter)(nil), &counter{}, false},
		{"panicking method", grumpy{1}, grumpy{1}, true},
		{"panicking method and other values", grumpy{1}, grumpy{2}, false},
		{"unsuitable method", odd{1}, odd{1}, true},
		{"method of a slice type", net.IPv4(1, 2, 3, 4), net.IPv4(1, 2, 3, 4).To4(), true},
		{"method on unexported field", struct{ t temperature }{temperature{1}}, struct{ t temperature }{temperature{1.1}}, true},
		{"unexported fields", hidden{notes: []string{"a"}}, hidden{notes: []string{"b"}}, false},
		{"equal unexported fields", hidden{notes: []string{"a"}}, hidden{notes: []string{"a"}}, true},
		{"unexported nan and map", private{at: nan, m: map[string]any{"a": 1}}, private{at: nan, m: map[string]any{"a": 1}}, true},
		{"unexported map", private{m: map[string]any{"a": 1}}, private{m: map[string]any{"a": "1"}}, false},
		{"unexported cycle", loop(1), loop(1), true},
		{"other unexported cycle", loop(1), loop(2), false},
		{"big", big.NewInt(5), big.NewInt(5), true},
		{"other big", big.NewInt(5), big.NewInt(6), false},
		{"embedded", derived{base{[]int{1}}, "a"}, derived{base{[]int{2}}, "a"}, false},
		{"two locks", &guarded{Name: "a"}, &guarded{Name: "a"}, true},
		{"two locked values", &guarded{Name: "a"}, &guarded{Name: "b"}, false},
		{"unexported function behind pointer", &private{f: same}, &private{f: same}, false},
		{"types", reflect.TypeFor[int](), reflect.TypeFor[string](), false},
		{"readers", strings.NewReader("a"), strings.NewReader("b"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				// As interface content, as plain values, and as variables.
				if got := equal(tt.a, tt.b); got != tt.want {
					t.Errorf("in interfaces: %v, want %v", got, tt.want)
				}
				a, b := reflect.ValueOf(tt.a), reflect.ValueOf(tt.b)
				p := PlanOf(reflect.TypeOf(tt.a))
				if got := p.Equal(a, b); got != tt.want {
					t.Errorf("plain: %v, want %v", got, tt.want)
				}
				if a.IsValid() && b.IsValid() {
					if got := p.Equal(variable(a), variable(b)); got != tt.want {
						t.Errorf("variables: %v, want %v", got, tt.want)
					}
				}
				tt.a, tt.b = tt.b, tt.a
			}
		})
	}
}

// variable returns v in a new variable.
func variable(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}

func TestEqualOfUnexportedValues(t *testing.T) {
	field := func(s string) reflect.Value { return reflect.ValueOf(&hidden{notes: []string{s}}).Elem().Field(1) }
	p := PlanOf(reflect.TypeFor[[]string]())
	if !p.Equal(field("a"), field("a")) || p.Equal(field("a"), field("b")) {
		t.Error("unexported fields are not compared by content")
	}
	if bare := reflect.ValueOf(hidden{}).Field(1); p.Equal(bare, bare) {
		t.Error("a value that cannot be read is equal")
	}
}

func TestEqualDoesNotAllocate(t *testing.T) {
	now := time.Now()
	for _, v := range []any{money{1, "a"}, [4]money{}, now, struct {
		At time.Time
		M  money
		F  float64
	}{now, money{1, "a"}, math.NaN()}, order{Items: []item{{"a", 1}, {"b", 2}}}} {
		p := PlanOf(reflect.TypeOf(v))
		a, _, _ := p.Copy(reflect.ValueOf(v))
		b, _, _ := p.Copy(reflect.ValueOf(v))
		if n := testing.AllocsPerRun(100, func() {
			if !p.Equal(a, b) {
				t.Error("not equal")
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations", v, n)
		}
	}
}

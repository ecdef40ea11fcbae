package snapshot

import (
	"context"
	"net/http"
	"net/netip"
	"reflect"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unique"
)

type money struct {
	Cents    int64
	Currency string
}

type item struct {
	SKU   string
	Count int
}

type order struct {
	ID    string
	Total money
	At    time.Time
	Items []item
}

type node struct {
	Value int
	Next  *node
}

type tree struct {
	Name     string
	Children []tree
	ByName   map[string]*tree
}

type hidden struct {
	Tags  []string
	notes []string
}

type guarded struct {
	mu   sync.Mutex
	Name string
}

type base struct{ IDs []int }

type derived struct {
	base
	Name string
}

type temperature struct{ kelvin float64 }

func (t temperature) Equal(o temperature) bool {
	d := t.kelvin - o.kelvin
	return d < 0.5 && d > -0.5
}

type counter struct{ n, reads int }

func (c *counter) Equal(o *counter) bool { return c.n == o.n }

type grumpy struct{ A int }

func (grumpy) Equal(grumpy) bool { panic("no") }

type odd struct{ A int }

func (odd) Equal(a, b odd) bool { return false }

type failure struct{ Codes []int }

func (*failure) Error() string { return "failure" }

func TestPlanFlatAndComparable(t *testing.T) {
	for _, tt := range []struct {
		name             string
		typ              reflect.Type
		flat, comparable bool
	}{
		{"int", reflect.TypeFor[int](), true, true},
		{"string", reflect.TypeFor[string](), true, true},
		{"uintptr", reflect.TypeFor[uintptr](), true, true},
		{"float", reflect.TypeFor[float64](), true, false},
		{"money", reflect.TypeFor[money](), true, true},
		{"array of money", reflect.TypeFor[[3]money](), true, true},
		{"long array of money", reflect.TypeFor[[300]money](), true, false},
		{"long array of numbers", reflect.TypeFor[[300]int](), true, true},
		{"time", reflect.TypeFor[time.Time](), true, false},
		{"location", reflect.TypeFor[*time.Location](), true, false},
		{"regexp", reflect.TypeFor[*regexp.Regexp](), true, false},
		{"netip", reflect.TypeFor[netip.Prefix](), true, true},
		{"unique", reflect.TypeFor[unique.Handle[string]](), true, true},
		{"unexported flat field", reflect.TypeFor[struct{ n int }](), true, true},
		{"method", reflect.TypeFor[temperature](), true, false},
		{"pointer method", reflect.TypeFor[struct{ c counter }](), true, false},
		{"error that is a number", reflect.TypeFor[syscall.Errno](), true, false},
		{"empty array of functions", reflect.TypeFor[[0]func()](), true, false},
		{"nothing", reflect.TypeFor[struct{}](), true, true},
		{"mutex", reflect.TypeFor[sync.Mutex](), false, false},
		{"atomic", reflect.TypeFor[atomic.Int64](), false, false},
		{"pointer", reflect.TypeFor[*money](), false, false},
		{"slice", reflect.TypeFor[order](), false, false},
		{"map", reflect.TypeFor[map[string][]int](), false, false},
		{"error type", reflect.TypeFor[*failure](), false, false},
		{"function", reflect.TypeFor[func()](), false, false},
		{"channel", reflect.TypeFor[struct{ C chan int }](), false, true},
		{"any", reflect.TypeFor[any](), false, false},
		{"no type", nil, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := PlanOf(tt.typ)
			if p.Flat() != tt.flat || p.Comparable() != tt.comparable {
				t.Errorf("flat %v, comparable %v; want %v, %v", p.Flat(), p.Comparable(), tt.flat, tt.comparable)
			}
			if PlanOf(tt.typ) != p {
				t.Error("plan not cached")
			}
		})
	}
}

func TestPlanKnowsPointers(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[item](), reflect.TypeFor[[2]money](), reflect.TypeFor[time.Time](), reflect.TypeFor[*int]()} {
		if PlanOf(typ).raw {
			t.Errorf("%v: pointers not seen, and copied as plain bytes", typ)
		}
	}
	if !PlanOf(reflect.TypeFor[[2]point]()).raw {
		t.Error("pointers seen in numbers")
	}
}

func TestPlanOfRecursiveTypesConcurrently(t *testing.T) {
	type b struct {
		Up   map[string]any
		Self []*b
	}
	type a struct {
		B *b
		T *tree
	}
	types := []reflect.Type{reflect.TypeFor[a](), reflect.TypeFor[b](), reflect.TypeFor[[]a](), reflect.TypeFor[http.Request](), reflect.TypeFor[context.Context]()}
	var wg sync.WaitGroup
	got := make([][]*Plan, 8)
	for g := range got {
		wg.Go(func() {
			for i := range types {
				got[g] = append(got[g], PlanOf(types[(i+g)%len(types)]))
			}
		})
	}
	wg.Wait()
	for g := range got {
		for i, p := range got[g] {
			if want := PlanOf(types[(i+g)%len(types)]); p != want {
				t.Errorf("goroutine %d: two plans of %v", g, want.typ)
			}
		}
	}
	if p := PlanOf(reflect.TypeFor[a]()); p.fields[0].plan.elem != PlanOf(reflect.TypeFor[b]()) {
		t.Error("a part has a plan of its own")
	}
}

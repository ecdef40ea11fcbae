package snapshot

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unique"
	"unsafe"
)

var errSentinel = errors.New("sentinel")

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

func TestPlanFlatAndExact(t *testing.T) {
	for _, tt := range []struct {
		name        string
		typ         reflect.Type
		flat, exact bool
	}{
		{"int", reflect.TypeFor[int](), true, true},
		{"string", reflect.TypeFor[string](), true, true},
		{"uintptr", reflect.TypeFor[uintptr](), true, true},
		{"money", reflect.TypeFor[money](), true, true},
		{"array of money", reflect.TypeFor[[3]money](), true, true},
		{"time", reflect.TypeFor[time.Time](), true, true},
		{"location", reflect.TypeFor[*time.Location](), true, true},
		{"netip", reflect.TypeFor[netip.Prefix](), true, true},
		{"unique", reflect.TypeFor[unique.Handle[string]](), true, true},
		{"unexported flat field", reflect.TypeFor[temperature](), true, true},
		{"empty array of functions", reflect.TypeFor[[0]func()](), true, true},
		{"mutex", reflect.TypeFor[sync.Mutex](), true, true},
		{"pointer", reflect.TypeFor[*money](), false, true},
		{"slice", reflect.TypeFor[order](), false, true},
		{"map", reflect.TypeFor[map[string][]int](), false, true},
		{"map with pointer key", reflect.TypeFor[map[*int]int](), false, false},
		{"map with interface key", reflect.TypeFor[map[any]int](), false, false},
		{"list", reflect.TypeFor[node](), false, true},
		{"tree", reflect.TypeFor[tree](), false, true},
		{"embedded unexported struct", reflect.TypeFor[derived](), false, true},
		{"unexported reference", reflect.TypeFor[hidden](), false, false},
		{"pointer to lock", reflect.TypeFor[*guarded](), false, false},
		{"slice of locks", reflect.TypeFor[[]guarded](), false, false},
		{"timer", reflect.TypeFor[*time.Timer](), false, false},
		{"error type", reflect.TypeFor[*failure](), false, false},
		{"function", reflect.TypeFor[func()](), false, false},
		{"channel", reflect.TypeFor[struct{ C chan int }](), false, false},
		{"unsafe pointer", reflect.TypeFor[unsafe.Pointer](), false, false},
		{"any", reflect.TypeFor[any](), false, false},
		{"map of any", reflect.TypeFor[map[string]any](), false, false},
		{"no type", nil, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := PlanOf(tt.typ)
			if p.Flat() != tt.flat || p.Exact() != tt.exact {
				t.Errorf("flat %v, exact %v; want %v, %v", p.Flat(), p.Exact(), tt.flat, tt.exact)
			}
			if PlanOf(tt.typ) != p {
				t.Error("plan not cached")
			}
		})
	}
}

func TestPlanKnowsLocks(t *testing.T) {
	for _, typ := range []reflect.Type{
		reflect.TypeFor[sync.Mutex](), reflect.TypeFor[sync.RWMutex](), reflect.TypeFor[sync.WaitGroup](),
		reflect.TypeFor[sync.Once](), reflect.TypeFor[sync.Map](), reflect.TypeFor[sync.Pool](),
		reflect.TypeFor[sync.Cond](), reflect.TypeFor[atomic.Int64](), reflect.TypeFor[atomic.Pointer[int]](),
		reflect.TypeFor[sql.DB](), reflect.TypeFor[http.Transport](), reflect.TypeFor[testing.T](),
		reflect.TypeFor[strings.Replacer](), reflect.TypeFor[[2]guarded](),
	} {
		if !PlanOf(typ).locked {
			t.Errorf("%v: lock not seen", typ)
		}
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[[0]sync.Mutex](), reflect.TypeFor[*sync.Mutex](), reflect.TypeFor[sync.Locker](),
		reflect.TypeFor[order](), reflect.TypeFor[struct{ L *guarded }](),
	} {
		if PlanOf(typ).locked {
			t.Errorf("%v: lock seen", typ)
		}
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
	if p := PlanOf(reflect.TypeFor[a]()); p.all[0].plan.elem != PlanOf(reflect.TypeFor[b]()) {
		t.Error("a part has a plan of its own")
	}
}

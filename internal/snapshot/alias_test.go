package snapshot

import (
	"reflect"
	"sync"
	"testing"
)

func TestCopyKeepsReferencesToOneVariable(t *testing.T) {
	it := &item{"a", 1}
	two := copied(t, struct{ A, B *item }{it, it}, false)
	listed := copied(t, []*item{it, it}, false)
	type both struct {
		Items []item
		First *item
	}
	items := []item{{"a", 1}, {"b", 2}}
	partFirst := copied(t, both{items, &items[1]}, false)
	type reversed struct {
		First *item
		Items []item
		Count *int
	}
	partLast := copied(t, reversed{&items[1], items, &items[1].Count}, false)
	if two.A != two.B || two.A == it || listed[0] != listed[1] {
		t.Error("one variable became two")
	}
	if partFirst.First != &partFirst.Items[1] || partLast.First != &partLast.Items[1] || partLast.Count != &partLast.Items[1].Count {
		t.Error("a pointer to an element leads elsewhere")
	}

	raw := []byte("head body")
	type packet struct{ Head, Body, All []byte }
	p := copied(t, packet{raw[:6], raw[5:], raw}, false)
	q := copied(t, packet{raw[:6], raw[5:], nil}, false)
	if &p.Body[0] != &p.All[5] || &q.Body[0] != &q.Head[5] || &p.All[0] == &raw[0] || string(q.Body) != "body" {
		t.Error("overlapping slices were torn apart")
	}
	q.Head = append(q.Head, 'x')
	if string(q.Body) != "body" {
		t.Error("a slice of the copy reaches beyond its length")
	}

	type self struct {
		A    [4]int
		Part *int
		Me   *self
		Any  any
		Tail []int
	}
	s := &self{}
	s.Part, s.Me, s.Any, s.Tail = &s.A[2], s, &s.A, s.A[1:3]
	dup := copied(t, s, false)
	if dup.Part != &dup.A[2] || dup.Me != dup || dup.Any != any(&dup.A) || &dup.Tail[0] != &dup.A[1] {
		t.Error("a pointer to a part leads elsewhere")
	}
	v := self{}
	v.Part = &v.A[1]
	value, _, _ := PlanOf(reflect.TypeFor[self]()).Copy(reflect.ValueOf(&v).Elem())
	if d := value.Addr().Interface().(*self); d.Part != &d.A[1] {
		t.Error("a pointer to a part of the value itself leads elsewhere")
	}

	type wrapped struct{ In money }
	type outer struct {
		In  *money
		Out *wrapped
		N   *int64
	}
	w := &wrapped{money{1, "EUR"}}
	for _, v := range []outer{{&w.In, w, nil}, {&w.In, w, &w.In.Cents}} {
		if dup := copied(t, v, false); dup.In != &dup.Out.In || v.N != nil && dup.N != &dup.In.Cents {
			t.Error("a pointer to the first field leads elsewhere")
		}
	}

	m := map[string]int{"a": 1}
	maps := copied(t, []map[string]int{m, m}, false)
	maps[0]["a"] = 2
	if maps[1]["a"] != 2 || m["a"] != 1 {
		t.Error("one map became two")
	}
	many := make([]*item, 100)
	for i := range many {
		many[i] = &item{Count: i / 2}
		if i%2 == 1 {
			many[i] = many[i-1]
		}
	}
	dups := copied(t, many, false)
	for i := range dups {
		if dups[i] != dups[i/2*2] || dups[i] == many[i] || dups[i].Count != i/2 {
			t.Fatalf("element %d", i)
		}
	}
	anys := copied(t, []any{many, &many[7], many[3:9], [2]any{many[5], &m}}, false)
	if anys[1].(**item) != &anys[0].([]*item)[7] || &anys[2].([]*item)[0] != &anys[0].([]*item)[3] || anys[3].([2]any)[0] != any(anys[0].([]*item)[5]) {
		t.Error("references through interfaces were torn apart")
	}
}

func TestDetachKeepsReferencesToOneVariable(t *testing.T) {
	type both struct {
		First *item
		Items []item
		mu    sync.Mutex
		M     sync.Map
	}
	items := []item{{"a", 1}, {"b", 2}}
	p := PlanOf(reflect.TypeFor[both]())
	for range 3 {
		v := both{First: &items[1], Items: items}
		v.M.Store("k", &items[0])
		if bytes, shared := p.Detach(reflect.ValueOf(&v).Elem()); shared || bytes == 0 {
			t.Errorf("%d bytes, shared %v", bytes, shared)
		}
		k, _ := v.M.Load("k")
		if v.First != &v.Items[1] || &v.Items[0] == &items[0] || k != any(&v.Items[0]) {
			t.Error("a pointer to an element leads elsewhere")
		}
	}
}

// A slice leads into arrays only, a pointer to any variable of its type. So
// most types of arguments need no look at what refers to what.
func TestSlicesLeadIntoArraysOnly(t *testing.T) {
	type order struct {
		ID    int64
		Items []int64
	}
	type window struct {
		All  [3]int64
		Part []int64
	}
	type nested struct {
		In   struct{ All [2][2]int64 }
		Part []int64
	}
	type pointing struct {
		ID  int64
		One *int64
	}
	for name, tt := range map[string]struct {
		typ  reflect.Type
		want bool
	}{
		"slice beside a field":   {reflect.TypeFor[order](), false},
		"slice beside an array":  {reflect.TypeFor[window](), true},
		"slice beside arrays":    {reflect.TypeFor[nested](), true},
		"pointer beside a field": {reflect.TypeFor[pointing](), true},
	} {
		if got := PlanOf(tt.typ).graph().overlaps; got != tt.want {
			t.Errorf("%s: overlaps is %v", name, got)
		}
	}
	w := window{All: [3]int64{1, 2, 3}}
	w.Part = w.All[1:]
	dup, _, _ := PlanOf(reflect.TypeFor[window]()).Copy(reflect.ValueOf(&w).Elem())
	if d := dup.Addr().Interface().(*window); &d.Part[0] != &d.All[1] {
		t.Error("a slice of an array leads elsewhere")
	}
}

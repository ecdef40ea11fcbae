package snapshot

import (
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// copyOf copies v by the plan of T.
func copyOf[T any](v T) (T, int64) {
	dup, n, _ := PlanOf(reflect.TypeFor[T]()).Copy(reflect.ValueOf(&v).Elem())
	return *dup.Addr().Interface().(*T), n
}

func equal[T any](a, b T) bool {
	return PlanOf(reflect.TypeFor[T]()).Equal(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
}

// checkDetached fails if the change shows in a copy taken before it.
func checkDetached[T any](t *testing.T, v T, change func(T) T) {
	t.Helper()
	before, _ := copyOf(v)
	again, _ := copyOf(v)
	if !equal(v, before) {
		t.Errorf("copy %+v of %+v is not equal", before, v)
	}
	v = change(v)
	if !equal(before, again) {
		t.Errorf("a change shows in the copy: %+v, was %+v", before, again)
	}
	if equal(v, before) {
		t.Errorf("change to %+v not noticed", v)
	}
}

func TestCopyDetaches(t *testing.T) {
	one := 1
	t.Run("variable", func(t *testing.T) {
		v := 1
		dup, _, _ := PlanOf(reflect.TypeFor[int]()).Copy(reflect.ValueOf(&v).Elem())
		v = 2
		if dup.Int() != 1 {
			t.Errorf("copy is %d", dup.Int())
		}
	})
	t.Run("slice", func(t *testing.T) {
		checkDetached(t, order{ID: "a", Items: []item{{"x", 1}}}, func(o order) order { o.Items[0].Count = 2; return o })
	})
	t.Run("append to empty slice", func(t *testing.T) {
		backing := []int{1, 2}
		dup, _ := copyOf(backing[:0])
		if _ = append(dup, 9); backing[0] != 1 || dup == nil {
			t.Errorf("backing %v, copy nil %v", backing, dup == nil)
		}
	})
	t.Run("pointer", func(t *testing.T) {
		checkDetached(t, &order{ID: "a"}, func(o *order) *order { o.ID = "b"; return o })
	})
	t.Run("pointer to time", func(t *testing.T) {
		checkDetached(t, &time.Time{}, func(p *time.Time) *time.Time { *p = p.Add(1); return p })
	})
	t.Run("named pointer in interface", func(t *testing.T) {
		type ref *int
		n := 1
		checkDetached[any](t, ref(&n), func(v any) any { n = 2; return v })
	})
	t.Run("map", func(t *testing.T) {
		checkDetached(t, map[string][]int{"a": {1}, "b": {2}}, func(m map[string][]int) map[string][]int { m["a"][0] = 5; return m })
		checkDetached(t, map[string]int{"a": 1}, func(m map[string]int) map[string]int { m["a"]++; return m })
	})
	t.Run("map of structs with slices", func(t *testing.T) {
		checkDetached(t, map[int]hidden{1: {Tags: []string{"a"}}, 2: {Tags: []string{"b"}}}, func(m map[int]hidden) map[int]hidden { m[2].Tags[0] = "c"; return m })
	})
	t.Run("interface", func(t *testing.T) {
		checkDetached[any](t, map[string]any{"a": []any{1, "x", nil, map[string]any{"b": &one}}}, func(v any) any {
			v.(map[string]any)["a"].([]any)[3].(map[string]any)["b"] = 3
			return v
		})
		checkDetached[any](t, [2]any{[]int{1}, order{Items: []item{{}}}}, func(v any) any {
			v.([2]any)[1].(order).Items[0].SKU = "x"
			return v
		})
	})
	t.Run("array of pointers", func(t *testing.T) {
		checkDetached(t, [2]*item{{"a", 1}, nil}, func(v [2]*item) [2]*item { v[0].SKU = "b"; return v })
	})
	t.Run("embedded", func(t *testing.T) {
		checkDetached(t, derived{base{[]int{1}}, "a"}, func(v derived) derived { v.IDs[0] = 2; return v })
	})
	t.Run("exported beside unexported", func(t *testing.T) {
		checkDetached(t, &hidden{Tags: []string{"a"}, notes: []string{"n"}}, func(v *hidden) *hidden { v.Tags[0] = "b"; return v })
	})
	t.Run("recursive", func(t *testing.T) {
		checkDetached(t, &node{1, &node{2, nil}}, func(n *node) *node { n.Next.Value = 3; return n })
		checkDetached(t, tree{Children: []tree{{Name: "a", ByName: map[string]*tree{"x": {Name: "y"}}}}}, func(n tree) tree {
			n.Children[0].ByName["x"].Name = "z"
			return n
		})
	})
	t.Run("maps of slices in a recursive type", func(t *testing.T) {
		checkDetached(t, map[string][]any{"a": {&one, []any{1}}, "b": {2}}, func(m map[string][]any) map[string][]any {
			m["a"][1].([]any)[0] = 2
			return m
		})
	})
}

func TestCopyEndsCycles(t *testing.T) {
	ring := &node{1, &node{Value: 2}}
	ring.Next.Next = ring
	dup, _ := copyOf(ring)
	if dup == ring || dup.Next == ring.Next || dup.Next.Next != dup {
		t.Error("the copy is no ring of its own")
	}
	if !equal(ring, dup) {
		t.Error("rings are not equal")
	}

	m := map[string]any{}
	m["self"] = m
	mdup, _ := copyOf(m)
	m["other"] = 1
	if inner := mdup["self"].(map[string]any); len(inner) != 1 || reflect.ValueOf(inner).Pointer() != reflect.ValueOf(mdup).Pointer() {
		t.Errorf("copy of a map in itself has %d entries", len(inner))
	}

	s := []any{nil, 1}
	s[0] = s
	sdup, _ := copyOf(s)
	if !equal(s, sdup) {
		t.Error("slices in themselves are not equal")
	}
	s[1] = 2
	if sdup[0].([]any)[0].([]any)[1] != 1 || equal(s, sdup) {
		t.Error("a change shows in the copy of a slice in itself")
	}
}

func TestCopyOfSharedPointersInRecursiveType(t *testing.T) {
	shared := &tree{Name: "x"}
	v := tree{ByName: map[string]*tree{"a": shared, "b": shared}}
	dup, _ := copyOf(v)
	if dup.ByName["a"] != dup.ByName["b"] || dup.ByName["a"] == shared {
		t.Error("want one copy, shared")
	}
	// Doubling at each level: without the memory of what was seen, this never ends.
	var deep any = []any{1}
	for range 60 {
		deep = []any{deep, deep}
	}
	ddup, _ := copyOf(deep)
	if !equal(deep, ddup) {
		t.Error("copy is not equal")
	}
	type pair struct{ A, B any }
	for range 60 {
		deep = pair{deep, deep}
	}
	ddup, _ = copyOf(deep)
	if !equal(deep, ddup) {
		t.Error("copy of pairs is not equal")
	}
}

func TestCopyDeepValues(t *testing.T) {
	const depth = 100_000
	defer debug.SetMaxStack(debug.SetMaxStack(8 << 20)) // recursion would crash
	list := &node{}
	for range depth {
		list = &node{1, list}
	}
	dup, n := copyOf(list)
	if !equal(list, dup) || n < depth*16 {
		t.Errorf("list: equal %v, %d bytes", equal(list, dup), n)
	}
	var nested any
	for range depth {
		nested = []any{nested}
	}
	ndup, _ := copyOf(nested)
	if !equal(nested, ndup) {
		t.Error("nested slices are not equal")
	}
}

func TestCopySharesBelowMaxNesting(t *testing.T) {
	type box struct {
		In   any
		List []int
	}
	list := []int{1}
	var v any = box{List: list}
	for range maxNesting {
		v = box{In: v}
	}
	dup, _ := copyOf(v)
	list[0] = 2
	if !equal(v, dup) {
		t.Error("copy is not equal")
	}
	v = v.(box).In
	list[0] = 1
	dup, _ = copyOf(v)
	list[0] = 2
	if equal(v, dup) {
		t.Error("shared above the limit")
	}
}

func TestCopyBytes(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, tt := range []struct {
		name     string
		v        any
		min, max int64
	}{
		{"number", 1, 0, 0},
		{"string", long, 1000, 1000},
		{"struct", money{1, long}, 1000, 1000},
		{"array", [3]money{{Currency: long}, {Currency: long}}, 2000, 2000},
		{"time", time.Now(), 0, 0},
		{"slice of numbers", make([]int64, 10), 80, 80},
		{"slice of structs", order{ID: long, Items: []item{{long, 1}, {long, 1}}}, 3048, 3048},
		{"slice of slices", [][]string{{long}, {"abc"}}, 1083, 1083},
		{"pointer", &money{1, long}, 1024, 1024},
		{"array in pointer", &[]([2]string){{long, long}}, 2056, 2060},
		{"list", &node{1, &node{2, nil}}, 32, 32},
		{"map", map[string]string{long: long}, 2032, 2200},
		{"any", []any{long, 1, nil, &money{1, long}}, 2064 + 16 + 8, 2064 + 16 + 8 + 24},
		{"nil", []int(nil), 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := reflect.ValueOf(tt.v)
			if _, n, _ := PlanOf(v.Type()).Copy(v); n < tt.min || n > tt.max {
				t.Errorf("%d bytes, want %d to %d", n, tt.min, tt.max)
			}
		})
	}
}

func TestCopyOfUnsuitableValues(t *testing.T) {
	p := PlanOf(reflect.TypeFor[order]())
	if dup, n, _ := p.Copy(reflect.Value{}); dup.IsValid() || n != 0 {
		t.Errorf("copy of no value: %v", dup)
	}
	if dup, _, _ := p.Copy(reflect.ValueOf([]int{1})); dup.Len() != 1 {
		t.Errorf("copy of another type: %v", dup)
	}
	if dup, _, _ := PlanOf(nil).Copy(reflect.ValueOf(7)); dup.Int() != 7 {
		t.Errorf("copy by the plan of no type: %v", dup)
	}
	notes := reflect.ValueOf(hidden{notes: []string{"a"}}).Field(1)
	if dup, n, _ := PlanOf(notes.Type()).Copy(notes); dup != notes || n != 0 {
		t.Errorf("copy of an unexported field: %v", dup)
	}
	if n, _ := p.Detach(reflect.ValueOf(order{})); n != 0 {
		t.Errorf("detached a value that cannot be set: %d", n)
	}
	if n, _ := p.Detach(reflect.Value{}); n != 0 {
		t.Errorf("detached no value: %d", n)
	}
	other := []string{"a"}
	if n, _ := p.Detach(reflect.ValueOf(&other).Elem()); n != 0 {
		t.Errorf("detached another type: %d", n)
	}
}

func TestDetach(t *testing.T) {
	o := order{ID: "a", Items: []item{{"x", 1}}}
	mine := o
	n, _ := PlanOf(reflect.TypeFor[order]()).Detach(reflect.ValueOf(&mine).Elem())
	o.Items[0].Count = 2
	if mine.Items[0] != (item{"x", 1}) || n != 1+24+1 {
		t.Errorf("%+v, %d bytes", mine, n)
	}
}

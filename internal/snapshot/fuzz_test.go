package snapshot

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// FuzzCopyJSON copies what JSON decodes to, changes the original all over, and
// looks whether that shows.
func FuzzCopyJSON(f *testing.F) {
	for _, s := range []string{`null`, `1`, `"a"`, `[]`, `{}`, `[null,[[]],{"":{}}]`, `{"a":[1,"x",{"b":null}],"c":{"d":[true]}}`, `[[1],[1],{"a":[1]}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, same any
		if json.Unmarshal(data, &v) != nil || json.Unmarshal(data, &same) != nil {
			return
		}
		dup, _ := copyOf(v)
		if !equal(v, dup) || !reflect.DeepEqual(v, dup) {
			t.Fatalf("copy %v is not equal to %v", dup, v)
		}
		spoil(v)
		if !equal(same, dup) || !reflect.DeepEqual(same, dup) {
			t.Fatalf("a change shows in the copy: %v, was %v", dup, same)
		}
	})
}

// spoil changes every map and slice in a JSON value.
func spoil(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			spoil(e)
		}
		v["spoilt"] = len(v)
	case []any:
		for i := range v {
			spoil(v[i])
			v[i] = -1
		}
	}
}

type (
	selfSlice   []selfSlice
	selfMap     map[string]selfMap
	selfPointer *selfPointer
	selfAny     struct{ Any, Other any }
	knot        struct {
		Name  string
		Next  *knot
		Many  []*knot
		Named map[string]knot
		Any   any
		Slice selfSlice
		Map   selfMap
		Ptr   selfPointer
		Self  [2]selfAny
	}
	attic struct {
		*hidden
		base
		F       func(int) int
		C       <-chan int
		P       unsafe.Pointer
		U       uintptr
		Z       complex64
		N       [2]float32
		T       *time.Time
		IP      netip.Addr
		Temp    map[string]temperature
		Count   []counter
		Grumpy  *odd
		Lock    *guarded
		None    [0]func()
		Empty   []struct{}
		private map[string]*knot
	}
	shelf struct {
		mu    sync.Mutex
		N     atomic.Int64
		Items []item
		One   *item
		Count *int
		Pair  [2]item
		Both  *[2]item
		Up    *shelf
		Big   *big.Int
		any   any
		Load  atomic.Pointer[shelf]
		Bytes []byte
		Byte  *byte
	}
)

var nasty = []reflect.Type{
	reflect.TypeFor[knot](), reflect.TypeFor[attic](), reflect.TypeFor[selfSlice](), reflect.TypeFor[selfMap](),
	reflect.TypeFor[selfPointer](), reflect.TypeFor[selfAny](), reflect.TypeFor[tree](), reflect.TypeFor[node](),
	reflect.TypeFor[order](), reflect.TypeFor[derived](), reflect.TypeFor[hidden](), reflect.TypeFor[map[[2]string][]*item](),
	reflect.TypeFor[[]map[int]*[2][]string](), reflect.TypeFor[**[]***int](), reflect.TypeFor[map[any]any](),
	reflect.TypeFor[shelf](), reflect.TypeFor[[]*shelf](), reflect.TypeFor[*[2]item](), reflect.TypeFor[[]byte](),
}

// FuzzCopyTypes builds values of nasty types, cycles included.
func FuzzCopyTypes(f *testing.F) {
	for i := range nasty {
		f.Add([]byte{byte(i)})
		f.Add([]byte{byte(i), 3, 7, 250, 31, 4, 9, 77, 128, 5, 61, 2, 8, 15, 200, 6, 1, 44, 12, 13, 99, 3, 3, 3, 7, 1, 255, 8, 21, 34, 55, 89, 144, 233})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g := grower{data: data, made: map[reflect.Type][]reflect.Value{}}
		p := PlanOf(nasty[g.below(len(nasty))])
		v := reflect.New(p.typ).Elem()
		g.fill(v, 0)
		dup, n, shared := p.Copy(v)
		again, _, _ := p.Copy(v)
		if n < 0 || !p.Equal(v, dup) || !p.Equal(dup, v) || !p.Equal(dup, again) {
			t.Fatalf("copy of %v is not equal to its original (%d bytes)", p.typ, n)
		}
		pairs{}.follow(t, p, v.Addr().UnsafePointer(), dup.Addr().UnsafePointer())
		own := reflect.New(p.typ).Elem()
		own.Set(v)
		if _, s := p.Detach(own); s != shared || !p.Equal(own, dup) {
			t.Fatalf("%v in place is another copy: shared %v, %v", p.typ, s, shared)
		}
		for _, values := range g.made {
			for _, old := range values {
				g.fill(old.Elem(), 0)
			}
		}
		for _, m := range g.maps {
			m.Clear()
		}
		if !shared && !p.Equal(dup, again) {
			t.Fatalf("a change shows in the copy of %v", p.typ)
		}
		p.Equal(v, dup)
	})
}

// pairs are variables and their copies.
type pairs map[box]unsafe.Pointer

// follow fails if one variable has two copies, or shares memory with its copy.
func (s pairs) follow(t *testing.T, p *Plan, a, b unsafe.Pointer) {
	switch p.op {
	case structure:
		for _, f := range p.deep {
			s.follow(t, f.plan, unsafe.Add(a, f.offset), unsafe.Add(b, f.offset))
		}
	case array:
		for i := range p.typ.Len() {
			s.follow(t, p.elem, unsafe.Add(a, uintptr(i)*p.elem.size), unsafe.Add(b, uintptr(i)*p.elem.size))
		}
	case pointer:
		s.variables(t, p.elem, word(a), word(b), 1)
	case slice:
		s.variables(t, p.elem, (*sliceHeader)(a).data, (*sliceHeader)(b).data, (*sliceHeader)(a).len)
	case atomicPointer:
		s.follow(t, p.elem, unsafe.Add(a, p.pointerOffset()), unsafe.Add(b, p.pointerOffset()))
	}
}

func (s pairs) variables(t *testing.T, p *Plan, a, b unsafe.Pointer, n int) {
	if a == nil || p.size == 0 {
		return
	}
	for i := range n {
		x, y := unsafe.Add(a, uintptr(i)*p.size), unsafe.Add(b, uintptr(i)*p.size)
		dup, ok := s[box{p, x}]
		switch {
		case x == y:
			t.Fatalf("a %v is shared", p.typ)
		case ok && dup != y:
			t.Fatalf("a %v has two copies", p.typ)
		case !ok:
			s[box{p, x}] = y
			s.follow(t, p, x, y)
		}
	}
}

// grower fills values as its data say; without more data, with zeros.
type grower struct {
	data []byte
	made map[reflect.Type][]reflect.Value // pointers to variables, for reuse
	maps []reflect.Value
}

func (g *grower) below(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return int(b) % n
}

func (g *grower) fill(v reflect.Value, depth int) {
	if !v.CanSet() && v.Kind() != reflect.Struct || depth > 50 {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(g.below(256)), 0)))
			return
		}
		for i := range v.NumField() {
			g.fill(v.Field(i), depth+1)
		}
	case reflect.Pointer:
		if v.Type() == reflect.TypeFor[*big.Int]() {
			v.Set(reflect.ValueOf(big.NewInt(int64(g.below(256)))))
			return
		}
		if g.below(4) > 0 {
			if x := g.variable(v.Type().Elem(), depth); x.Type().ConvertibleTo(v.Type()) {
				v.Set(x.Convert(v.Type()))
			}
		}
	case reflect.Slice:
		if n := g.below(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n))
			for i := range v.Len() {
				g.fill(v.Index(i), depth+1)
				g.made[v.Type().Elem()] = append(g.made[v.Type().Elem()], v.Index(i).Addr())
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			g.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		g.fillMap(v, depth)
	case reflect.Interface:
		if t := nasty[g.below(len(nasty))]; g.below(4) > 0 {
			v.Set(g.variable(t, depth).Elem())
		} else {
			v.Set(reflect.ValueOf(g.below(256)))
		}
	case reflect.String:
		v.SetString(string(rune('a' + g.below(26))))
	case reflect.Float32:
		v.SetFloat([]float64{0, 1, math.NaN(), math.Inf(1)}[g.below(4)])
	case reflect.Complex64:
		v.SetComplex(complex(float64(g.below(3)), math.NaN()))
	case reflect.Uint8:
		v.SetUint(uint64(g.below(256)))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(g.below(256)))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func(in []reflect.Value) []reflect.Value { return in }))
	}
}

func (g *grower) fillMap(v reflect.Value, depth int) {
	n := g.below(4)
	if n == 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	g.maps = append(g.maps, v)
	for range n - 1 {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if key.Kind() == reflect.Interface {
			key.Set(reflect.ValueOf(g.below(256)))
		} else {
			g.fill(key, depth+1)
		}
		g.fill(elem, depth+1)
		v.SetMapIndex(key, elem)
	}
}

// variable returns a pointer to a variable of type t, an old one at times.
func (g *grower) variable(t reflect.Type, depth int) reflect.Value {
	if old := g.made[t]; len(old) > 0 && g.below(2) == 0 {
		return old[g.below(len(old))]
	}
	x := reflect.New(t)
	g.made[t] = append(g.made[t], x)
	g.fill(x.Elem(), depth+1)
	return x
}

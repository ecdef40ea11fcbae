package snapshot

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// held compares what two interfaces hold.
func (c *comparer) held(x, y reflect.Value) bool {
	if !x.IsValid() || !y.IsValid() {
		return x.IsValid() == y.IsValid()
	}
	if x.Type() != y.Type() {
		return false
	}
	switch x.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Float64:
		if x.Type().PkgPath() == "" {
			return equalScalars(x, y)
		}
	}
	p := PlanOf(x.Type())
	if p.same == nil && p.equal == nil && !p.isError || p.kind == reflect.Pointer {
		switch p.kind {
		case reflect.Pointer:
			return c.pointers(p, x.UnsafePointer(), y.UnsafePointer())
		case reflect.Slice:
			return x.IsNil() == y.IsNil() && c.slices(p, x.UnsafePointer(), y.UnsafePointer(), x.Len(), y.Len())
		}
	}
	return c.boxes(p, x, y)
}

// equalScalars compares values of the most frequent types.
func equalScalars(x, y reflect.Value) bool {
	switch x.Kind() {
	case reflect.String:
		return x.String() == y.String()
	case reflect.Bool:
		return x.Bool() == y.Bool()
	case reflect.Int:
		return x.Int() == y.Int()
	default:
		return equalFloats(x.Float(), y.Float())
	}
}

// boxes compares by copies of what interfaces hold, which have an address.
func (c *comparer) boxes(p *Plan, x, y reflect.Value) bool {
	refs := references{p, dataWord(x.Interface()), dataWord(y.Interface()), -1}
	if refs.a == refs.b && (p.kind == reflect.Struct || p.kind == reflect.Array) {
		return true // one box, or one pointer
	}
	a, b := addressOf(x), addressOf(y)
	if c.deep && !p.flat {
		c.later(refs, compareJob{plan: p, a: a, b: b, n: 1})
		return true
	}
	return c.equal(p, a, b)
}

// synchronised compares atomics and sync.Maps.
func (c *comparer) synchronised(p *Plan, a, b unsafe.Pointer) bool {
	switch p.op {
	case atomicPointer:
		offset := p.pointerOffset()
		x := atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(a, offset)))
		y := atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(b, offset)))
		return c.equal(p.elem, unsafe.Pointer(&x), unsafe.Pointer(&y))
	case atomicValue:
		return c.held(reflect.ValueOf((*atomic.Value)(a).Load()), reflect.ValueOf((*atomic.Value)(b).Load()))
	case syncMap:
		return c.anyEntriesOf(entriesOf((*sync.Map)(a)), entriesOf((*sync.Map)(b)))
	}
	x, y := reflect.New(p.typ), reflect.New(p.typ)
	p.loadNumber(x.UnsafePointer(), a)
	p.loadNumber(y.UnsafePointer(), b)
	return equalBytes(x.UnsafePointer(), y.UnsafePointer(), p.size)
}

func entriesOf(m *sync.Map) map[any]any {
	all := map[any]any{}
	m.Range(func(k, v any) bool {
		all[k] = v
		return true
	})
	return all
}

func (c *comparer) anyEntriesOf(a, b map[any]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, x := range a {
		y, ok := b[k]
		if !ok || !c.held(reflect.ValueOf(x), reflect.ValueOf(y)) {
			return false
		}
	}
	return true
}

package snapshot

import (
	"reflect"
	"unsafe"
)

// Equal reports whether a and b, values of the plan's type, are deeply equal.
//
//   - A type with a method Equal that takes its own type and returns a bool is
//     compared by it, on a value or a pointer receiver, at every depth. A nil
//     pointer equals only a nil pointer. If the method panics, it does not count.
//   - Times are compared as instants, the numbers of math/big by value, regular
//     expressions by their text, buffers by their content, messages by their
//     fields. Two errors are equal if they are the same, or have one type and
//     one text.
//   - Unexported fields are compared too, locks are not.
//   - A NaN equals a NaN, so that a copy equals its original. (A map with a NaN
//     in a key equals only itself.)
//   - Nil and empty slices differ, and so do nil and empty maps.
//   - Functions are equal if they are the same function value: two closures of
//     one function literal differ, unless they capture nothing. Channels, and
//     what else is shared by a copy, are compared by identity.
//   - Interfaces are equal if they hold equal values of the same type.
//
// Cycles end, and depth is not limited. Values of different types are never
// equal, nor are values that were read from an unexported field and have no
// address.
func (p *Plan) Equal(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != p.typ || b.Type() != p.typ {
		return a.Type() == b.Type() && PlanOf(a.Type()).Equal(a, b)
	}
	x, y := addressOf(a), addressOf(b)
	if x == nil || y == nil {
		return false
	}
	if p.byMemory() {
		return equalMemory(p.segments, x, y)
	}
	c := comparer{deep: p.graph().loops}
	if !c.equal(p, x, y) {
		return false
	}
	for len(c.todo) > 0 {
		j := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.done++
		if j.n > 0 && !c.elements(j.plan, j.a, j.b, j.n) || j.n == 0 && !c.entries(j.plan, j.x, j.y) {
			return false
		}
	}
	return true
}

// addressOf returns the address of v, or of a copy of it, or nil if reflection
// permits neither.
func addressOf(v reflect.Value) unsafe.Pointer {
	switch {
	case v.CanAddr():
		return unsafe.Pointer(v.UnsafeAddr())
	case !v.CanInterface():
		return nil
	}
	dup := reflect.New(v.Type())
	dup.Elem().Set(v)
	return dup.UnsafePointer()
}

// comparer is the state of one comparison, as copier is of one copy.
type comparer struct {
	deep bool // values can hold themselves, or nest without limit
	seen map[references]bool
	todo []compareJob
	done int // jobs
}

// references are two pointers, slices, maps, or boxes of interfaces.
type references struct {
	plan *Plan
	a, b unsafe.Pointer
	n    int
}

// compareJob is the rest of a comparison: of n values in a row, or of two maps.
type compareJob struct {
	plan *Plan
	a, b unsafe.Pointer
	n    int
	x, y reflect.Value
}

// patience is how many jobs are done before the comparer begins to remember
// which ones. Cycles go on until then.
const patience = 200

// later puts a comparison off unless it has been made before.
func (c *comparer) later(refs references, job compareJob) {
	if c.done > patience {
		if c.seen[refs] {
			return
		}
		if c.seen == nil {
			c.seen = map[references]bool{}
		}
		c.seen[refs] = true
	}
	c.todo = append(c.todo, job)
}

// equal compares the values at two addresses.
func (c *comparer) equal(p *Plan, a, b unsafe.Pointer) bool {
	switch {
	case p.same != nil:
		return p.same(a, b)
	case p.equal != nil:
		if equal, ok := p.equal.call(p.typ, a, b); ok {
			return equal
		}
	}
	if p.isError && p.kind != reflect.Pointer {
		return c.walk(p, a, b) || sameText(at(p.typ, a).Interface().(error), at(p.typ, b).Interface().(error))
	}
	return c.walk(p, a, b)
}

// walk compares by the parts.
func (c *comparer) walk(p *Plan, a, b unsafe.Pointer) bool {
	if p.segments != nil && p.kind != reflect.Pointer {
		return equalMemory(p.segments, a, b)
	}
	switch p.op {
	case lock:
		return true
	case atomicNumber, atomicPointer, atomicValue, syncMap:
		return c.synchronised(p, a, b)
	case protobufValue:
		return equalMessages(reflect.PointerTo(p.typ), a, b)
	}
	switch p.kind {
	case reflect.Struct:
		for i := range p.fields {
			f := &p.fields[i]
			if !c.equal(f.plan, unsafe.Add(a, f.offset), unsafe.Add(b, f.offset)) {
				return false
			}
		}
		return true
	case reflect.Array:
		return c.elements(p.elem, a, b, p.typ.Len())
	case reflect.Pointer:
		return c.pointers(p, word(a), word(b))
	case reflect.Slice:
		x, y := (*sliceHeader)(a), (*sliceHeader)(b)
		return (x.data == nil) == (y.data == nil) && c.slices(p, x.data, y.data, x.len, y.len)
	case reflect.Map:
		return c.maps(p, at(p.typ, a), at(p.typ, b))
	default: // interfaces
		return c.held(at(p.typ, a).Elem(), at(p.typ, b).Elem())
	}
}

// elements compares n values in a row.
func (c *comparer) elements(p *Plan, a, b unsafe.Pointer, n int) bool {
	if p.byMemory() && (p.size == 0 || len(p.segments) == 1 && p.segments[0] == segment{size: p.size}) {
		return equalBytes(a, b, uintptr(n)*p.size)
	}
	for i := range n {
		offset := uintptr(i) * p.size
		if !c.equal(p, unsafe.Add(a, offset), unsafe.Add(b, offset)) {
			return false
		}
	}
	return true
}

func (c *comparer) pointers(p *Plan, a, b unsafe.Pointer) bool {
	switch {
	case a == b:
		return true
	case a == nil || b == nil || p.elem == nil:
		return false
	case p.op == protobuf:
		return equalMessages(p.typ, a, b)
	case p.op != whole:
	case p.elem.same != nil || p.elem.equal != nil:
		if p.elem.same != nil {
			return p.elem.same(a, b)
		}
		equal, ok := p.elem.equal.call(p.elem.typ, a, b)
		return equal && ok
	case p.isError:
		return sameText(p.errorAt(a), p.errorAt(b))
	default:
		return false
	}
	if c.deep && !p.elem.flat {
		c.later(references{p, a, b, 1}, compareJob{plan: p.elem, a: a, b: b, n: 1})
		return true
	}
	return c.equal(p.elem, a, b)
}

// errorAt returns the error that a pointer of p's type is.
func (p *Plan) errorAt(pointer unsafe.Pointer) error {
	return at(p.typ, unsafe.Pointer(&pointer)).Interface().(error)
}

// slices compares slices of which none is nil, or both are.
func (c *comparer) slices(p *Plan, a, b unsafe.Pointer, n, m int) bool {
	switch {
	case n != m:
		return false
	case n == 0 || a == b:
		return true
	case c.deep && !p.elem.flat:
		c.later(references{p, a, b, n}, compareJob{plan: p.elem, a: a, b: b, n: n})
		return true
	}
	return c.elements(p.elem, a, b, n)
}

func (c *comparer) maps(p *Plan, a, b reflect.Value) bool {
	switch x, y := a.UnsafePointer(), b.UnsafePointer(); {
	case x == y:
		return true
	case x == nil || y == nil || a.Len() != b.Len():
		return false
	case c.deep && !p.elem.flat:
		c.later(references{p, x, y, 0}, compareJob{plan: p, x: reflect.ValueOf(a.Interface()), y: reflect.ValueOf(b.Interface())})
		return true
	}
	return c.entries(p, a, b)
}

// entries compares maps of one length.
func (c *comparer) entries(p *Plan, a, b reflect.Value) bool {
	if p.typ == anyMap {
		return c.anyEntries(a.Interface().(map[string]any), b.Interface().(map[string]any))
	}
	x, y := reflect.New(p.elem.typ), reflect.New(p.elem.typ)
	for entries := a.MapRange(); entries.Next(); {
		other := b.MapIndex(entries.Key())
		if !other.IsValid() {
			return false
		}
		x.Elem().SetIterValue(entries)
		y.Elem().Set(other)
		if !c.equal(p.elem, x.UnsafePointer(), y.UnsafePointer()) {
			return false
		}
	}
	return true
}

func (c *comparer) anyEntries(a, b map[string]any) bool {
	for k, x := range a {
		y, ok := b[k]
		if !ok || !c.held(reflect.ValueOf(x), reflect.ValueOf(y)) {
			return false
		}
	}
	return true
}

func equalMessages(t reflect.Type, a, b unsafe.Pointer) bool {
	s := support()
	if s == nil {
		return a == b
	}
	return s.Equal(reflect.NewAt(t.Elem(), a).Interface(), reflect.NewAt(t.Elem(), b).Interface())
}

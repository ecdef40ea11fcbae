package snapshot

import (
	"bytes"
	"reflect"
	"time"
	"unsafe"
)

// Equal reports whether a and b, values of the plan's type, are deeply equal.
//
//   - A type with a method Equal that takes its own type and returns a bool is
//     compared by it, on a value or a pointer receiver. A nil pointer equals
//     only a nil pointer; an Equal that panics counts as false. Methods are
//     not called on what unexported fields hold.
//   - Unexported fields are compared too.
//   - A NaN equals a NaN, so that a copy equals its original. (A map with a NaN
//     in a key equals only itself.)
//   - Nil and empty slices differ, and so do nil and empty maps.
//   - Functions are equal if they are the same function value: two closures of
//     one function literal differ, unless they capture nothing. Channels are
//     compared by identity.
//   - Interfaces are equal if they hold equal values of the same type.
//
// Cycles end, and depth is not limited. Flat types are compared without
// allocating, other Equal methods than that of time.Time aside.
// Values of different types are never equal.
func (p *Plan) Equal(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != p.typ || b.Type() != p.typ {
		return a.Type() == b.Type() && PlanOf(a.Type()).Equal(a, b)
	}
	var c comparer
	if !c.equal(p, a, b) {
		return false
	}
	for len(c.todo) > 0 {
		j := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		if !c.contents(j.plan, j.a, j.b) {
			return false
		}
	}
	return true
}

// comparer is the state of one comparison, as copier is of one copy.
type comparer struct {
	seen map[references]bool
	todo []compareJob
}

type references struct {
	plan *Plan
	a, b unsafe.Pointer
	n    int
}

type compareJob struct {
	plan *Plan
	a, b reflect.Value
}

func (c *comparer) equal(p *Plan, a, b reflect.Value) bool {
	if (p.equal != nil || p.plain) && a.CanInterface() && b.CanInterface() {
		switch {
		case p.typ == timeType:
			return timeOf(a).Equal(timeOf(b))
		case p.equal != nil:
			return p.equal.call(a, b)
		case p.view(a) == p.view(b):
			return true
		case !p.nan:
			return false
		}
	}
	switch p.kind {
	case reflect.Struct:
		for _, f := range p.all {
			if !c.equal(f.plan, a.Field(f.index), b.Field(f.index)) {
				return false
			}
		}
		return true
	case reflect.Array:
		return c.elements(p, a, b)
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return c.reference(p, a, b)
	}
	return equalScalars(p.kind, a, b)
}

func equalScalars(k reflect.Kind, a, b reflect.Value) bool {
	switch k {
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return a.Int() == b.Int()
	case reflect.Float32, reflect.Float64:
		return equalFloats(a.Float(), b.Float())
	case reflect.Complex64, reflect.Complex128:
		x, y := a.Complex(), b.Complex()
		return equalFloats(real(x), real(y)) && equalFloats(imag(x), imag(y))
	case reflect.String:
		return a.String() == b.String()
	case reflect.Func:
		return funcWord(a) == funcWord(b)
	case reflect.Chan, reflect.UnsafePointer:
		return a.UnsafePointer() == b.UnsafePointer()
	default:
		return a.Uint() == b.Uint()
	}
}

func equalFloats(x, y float64) bool { return x == y || x != x && y != y }

// reference compares values that refer to others: now, or later if that could
// recurse without limit.
func (c *comparer) reference(p *Plan, a, b reflect.Value) bool {
	if a.IsNil() || b.IsNil() {
		return a.IsNil() && b.IsNil()
	}
	if p.kind == reflect.Interface {
		return c.dynamic(p, a, b)
	}
	refs := references{plan: p, a: a.UnsafePointer(), b: b.UnsafePointer()}
	if p.kind != reflect.Pointer {
		refs.n = a.Len()
		if refs.n != b.Len() {
			return false
		}
	}
	if refs.a == refs.b {
		return true
	}
	if !p.loops {
		return c.contents(p, a, b)
	}
	c.later(refs, compareJob{p, a, b})
	return true
}

// dynamic compares interfaces that are not nil.
func (c *comparer) dynamic(p *Plan, a, b reflect.Value) bool {
	x, y := a.Elem(), b.Elem()
	if x.Type() != y.Type() {
		return false
	}
	d := PlanOf(x.Type())
	if !d.loops {
		return c.equal(d, x, y)
	}
	job := compareJob{p, a, b}
	if x.CanInterface() && y.CanInterface() {
		c.later(references{plan: d, a: dataWord(x.Interface()), b: dataWord(y.Interface()), n: -1}, job)
	} else {
		c.todo = append(c.todo, job)
	}
	return true
}

// later puts a comparison off unless it has been made before.
func (c *comparer) later(refs references, job compareJob) {
	if c.seen[refs] {
		return
	}
	if c.seen == nil {
		c.seen = map[references]bool{}
	}
	c.seen[refs] = true
	c.todo = append(c.todo, job)
}

// contents compares what two references refer to; they are not nil, and slices
// and maps are of the same length.
func (c *comparer) contents(p *Plan, a, b reflect.Value) bool {
	switch p.kind {
	case reflect.Pointer:
		return c.equal(p.elem, a.Elem(), b.Elem())
	case reflect.Interface:
		return c.equal(PlanOf(a.Elem().Type()), a.Elem(), b.Elem())
	case reflect.Slice:
		return c.elements(p, a, b)
	}
	for iter := a.MapRange(); iter.Next(); {
		other := b.MapIndex(iter.Key())
		if !other.IsValid() || !c.equal(p.elem, iter.Value(), other) {
			return false
		}
	}
	return true
}

func (c *comparer) elements(p *Plan, a, b reflect.Value) bool {
	switch {
	case p.elem.size == 0 && p.elem.equal == nil:
		return true
	case p.elem.kind == reflect.Uint8 && p.elem.equal == nil && (p.kind == reflect.Slice || a.CanAddr() && b.CanAddr()):
		return bytes.Equal(a.Bytes(), b.Bytes())
	}
	for i := range a.Len() {
		if !c.equal(p.elem, a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

package snapshot

import (
	"reflect"
	"unsafe"
)

// box is what an interface holds that is no pointer. Interfaces assigned from
// each other hold the same box.
type box struct {
	plan *Plan
	at   unsafe.Pointer
}

// dynamic replaces what the interface at an address holds.
func (c *copier) dynamic(p *Plan, address unsafe.Pointer) {
	if p.typ.NumMethod() == 0 {
		x := (*any)(address)
		if *x != nil {
			*x = c.value(*x, p.guarded)
		}
		return
	}
	v := at(p.typ, address)
	if !v.IsNil() {
		v.Set(reflect.ValueOf(c.value(v.Interface(), p.guarded)))
	}
}

// value returns a copy of x. What is flat stays: the inside of an interface
// cannot be changed. In an unexported field (guarded), a pointer that may lead
// to more than its type says stays too.
func (c *copier) value(x any, guarded bool) any {
	switch x := x.(type) {
	case nil:
		return nil
	case string:
		c.bytes += int64(unsafe.Sizeof(x)) + int64(len(x))
		return x
	case bool, int, int64, float64:
		c.bytes += int64(unsafe.Sizeof(int64(0)))
		return x
	}
	old := reflect.ValueOf(x)
	p := PlanOf(old.Type())
	switch {
	case p.flat:
		c.bytes += int64(p.size)
		if p.hasText() {
			c.bytes += p.textBytes(dataWord(x))
		}
		return x
	case p.op == whole || guarded && mayBeLonger(p.typ):
		c.shared = true
		return x
	}
	switch p.kind {
	case reflect.Pointer:
		if old.IsNil() {
			return x
		}
		dup := reflect.NewAt(p.typ.Elem(), c.pointer(p, old.UnsafePointer()))
		if dup.Type() != p.typ {
			dup = dup.Convert(p.typ)
		}
		return dup.Interface()
	case reflect.Map:
		if old.IsNil() {
			return x
		}
		return c.mapping(p, old).Interface()
	case reflect.Slice:
		if old.IsNil() {
			return x
		}
		return c.boxedSlice(p, old)
	}
	return c.boxed(p, x)
}

func (c *copier) boxedSlice(p *Plan, old reflect.Value) any {
	n, e := old.Len(), p.elem
	if c.graph.aliases {
		if dup, ok := c.known(e, old.UnsafePointer(), n); ok {
			v := reflect.New(p.typ)
			*(*sliceHeader)(v.UnsafePointer()) = sliceHeader{dup, n, n}
			return v.Elem().Interface()
		}
	}
	v := reflect.MakeSlice(p.typ, n, n)
	if n == 0 || e.size == 0 {
		return v.Interface()
	}
	dup := v.UnsafePointer()
	if e.careful {
		e.loadAll(dup, old.UnsafePointer(), n)
	} else {
		reflect.Copy(v, old)
	}
	c.bytes += int64(p.size) + int64(n)*int64(e.size)
	c.add(e, old.UnsafePointer(), dup, n)
	c.later(e, dup, n)
	return v.Interface()
}

// boxed copies a struct, an array, or a lock or the like.
func (c *copier) boxed(p *Plan, x any) any {
	ref := box{p, dataWord(x)}
	if dup, ok := c.boxes[ref]; ok {
		return dup
	}
	if c.nesting == maxNesting {
		c.shared = true
		return x
	}
	dup := reflect.New(p.typ)
	dup.Elem().Set(reflect.ValueOf(x))
	c.bytes += int64(p.size)
	p.load(dup.UnsafePointer(), dup.UnsafePointer())
	c.nesting++
	c.detach(p, dup.UnsafePointer())
	c.nesting--
	y := dup.Elem().Interface()
	if c.boxes == nil {
		c.boxes = map[box]any{}
	}
	c.boxes[ref] = y
	return y
}

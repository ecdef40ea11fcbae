package snapshot

import (
	"reflect"
	"unsafe"
)

// maxNesting bounds how deep structs in interfaces in structs are copied. All
// other depth goes through a list of work and needs no stack.
const maxNesting = 1000

// Copy returns a copy of v as a new, settable value, and an estimate of the
// bytes of heap that it holds beyond the value itself: strings count in full
// though they are shared, maps roughly.
//
// It costs one allocation, and one more for each pointer, slice and map in v.
// Within a recursive type, pointers to the same variable stay so.
// v must not be written to meanwhile. A v of another type is copied by that
// type's plan; the zero Value and one read from an unexported field, which
// reflection may not copy, come back as they are.
func (p *Plan) Copy(v reflect.Value) (reflect.Value, int64) {
	if !v.IsValid() || !v.CanInterface() {
		return v, 0
	}
	if v.Type() != p.typ {
		return PlanOf(v.Type()).Copy(v)
	}
	dst := reflect.New(p.typ).Elem()
	dst.Set(v)
	return dst, p.Detach(dst)
}

// Detach turns v, which holds a plain assignment of the original, into a copy
// as [Plan.Copy] makes it, in place: it saves the allocation of the new value.
// It returns the same estimate. v must be settable and of the plan's type; if
// not, it is left alone and the result is 0.
func (p *Plan) Detach(v reflect.Value) int64 {
	if !v.CanSet() || v.Type() != p.typ {
		return 0
	}
	var c copier
	c.detach(p, v)
	for len(c.todo) > 0 {
		j := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.fill(j.plan, j.dst, j.src)
	}
	return c.bytes
}

// copier is the state of one copy. What types of limited depth refer to is
// copied by recursion; for the others, seen ends cycles and todo saves stack.
type copier struct {
	bytes   int64
	nesting int
	seen    map[reference]reflect.Value // to the copy
	todo    []copyJob
}

// reference is a pointer, map, slice of n elements, or with n -1 what an
// interface holds; its plan tells a pointer to a struct from one to the
// struct's first field.
type reference struct {
	plan *Plan
	at   unsafe.Pointer
	n    int
}

// copyJob is the rest of a copy: the content of the pointer, slice or map dst.
type copyJob struct {
	plan     *Plan
	dst, src reflect.Value
}

// detach replaces all that the addressable v refers to by copies.
func (c *copier) detach(p *Plan, v reflect.Value) {
	switch p.kind {
	case reflect.Struct:
		if len(p.texts) > 0 {
			c.bytes += p.textBytes(unsafe.Pointer(v.UnsafeAddr()))
		}
		for _, f := range p.deep {
			c.detach(f.plan, v.Field(f.index))
		}
	case reflect.Array:
		c.elements(p, v)
	case reflect.String:
		c.bytes += int64(v.Len())
	case reflect.Pointer:
		if !p.flat && !p.shared && !v.IsNil() {
			v.Set(c.pointer(p, v))
		}
	case reflect.Slice:
		if !p.shared && !v.IsNil() {
			c.slice(p, v)
		}
	case reflect.Map:
		if !p.shared && !v.IsNil() {
			v.Set(c.mapping(p, reflect.ValueOf(v.Interface())))
		}
	case reflect.Interface:
		c.dynamic(v)
	}
}

func (c *copier) pointer(p *Plan, old reflect.Value) reflect.Value {
	ref := reference{plan: p, at: old.UnsafePointer()}
	if p.loops {
		if dup, ok := c.seen[ref]; ok {
			return dup
		}
	}
	dup := reflect.New(p.elem.typ)
	dup.Elem().Set(old.Elem())
	c.bytes += p.elem.size
	if dup.Type() != p.typ {
		dup = dup.Convert(p.typ)
	}
	c.finish(ref, dup, reflect.Value{})
	return dup
}

// slice replaces the slice in v by a copy without allocating a second header.
func (c *copier) slice(p *Plan, v reflect.Value) {
	n := v.Len()
	if n == 0 {
		v.Set(p.empty)
		return
	}
	ref := reference{plan: p, at: v.UnsafePointer(), n: n}
	if p.loops {
		if dup, ok := c.seen[ref]; ok {
			v.Set(dup)
			return
		}
	}
	p.moveSlice(v, n)
	c.bytes += int64(n) * p.elem.size
	dup := v
	if p.loops {
		dup = v.Slice(0, n) // v may be scratch space
	}
	c.finish(ref, dup, reflect.Value{})
}

func (c *copier) mapping(p *Plan, old reflect.Value) reflect.Value {
	ref := reference{plan: p, at: old.UnsafePointer()}
	if p.loops {
		if dup, ok := c.seen[ref]; ok {
			return dup
		}
	}
	dup := reflect.MakeMapWithSize(p.typ, old.Len())
	c.bytes += mapBytes(p, old.Len())
	c.finish(ref, dup, old)
	return dup
}

// mapBytes is what a map holds, roughly: a header, and slots that are two
// thirds full.
func mapBytes(p *Plan, n int) int64 {
	return 48 + int64(n)*(p.key.size+p.elem.size)*3/2
}

// dynamic replaces what the interface v holds. What is flat stays: the inside
// of an interface cannot be changed.
func (c *copier) dynamic(v reflect.Value) {
	old := v.Elem()
	if !old.IsValid() {
		return
	}
	p := PlanOf(old.Type())
	switch {
	case p.flat:
		c.bytes += p.size
		if p.text {
			c.bytes += p.textBytes(dataWord(old.Interface()))
		}
	case p.shared:
	case p.kind == reflect.Pointer:
		if !old.IsNil() {
			v.Set(c.pointer(p, old))
		}
	case p.kind == reflect.Map:
		if !old.IsNil() {
			v.Set(c.mapping(p, old))
		}
	case p.kind == reflect.Slice || p.kind == reflect.Struct || p.kind == reflect.Array:
		if c.nesting < maxNesting {
			c.nesting++
			v.Set(c.boxed(p, old))
			c.nesting--
		}
	}
}

// boxed copies a value inside an interface. Interfaces assigned from each other
// hold the same one, so it is remembered like a pointer.
func (c *copier) boxed(p *Plan, old reflect.Value) reflect.Value {
	ref := reference{plan: p, n: -1}
	if p.loops {
		ref.at = dataWord(old.Interface())
		if dup, ok := c.seen[ref]; ok {
			return dup
		}
	}
	dup := reflect.New(p.typ).Elem()
	dup.Set(old)
	c.bytes += p.size
	c.detach(p, dup)
	dup = reflect.ValueOf(dup.Interface())
	if p.loops {
		c.remember(ref, dup)
	}
	return dup
}

// finish fills dup, the copy of ref: now, or later if that could recurse
// without limit.
func (c *copier) finish(ref reference, dup, src reflect.Value) {
	if !ref.plan.loops {
		c.fill(ref.plan, dup, src)
		return
	}
	c.remember(ref, dup)
	c.todo = append(c.todo, copyJob{ref.plan, dup, src})
}

func (c *copier) remember(ref reference, dup reflect.Value) {
	if c.seen == nil {
		c.seen = map[reference]reflect.Value{}
	}
	c.seen[ref] = dup
}

func (c *copier) fill(p *Plan, dst, src reflect.Value) {
	switch p.kind {
	case reflect.Pointer:
		c.detach(p.elem, dst.Elem())
	case reflect.Slice:
		c.elements(p, dst)
	case reflect.Map:
		c.entries(p, dst, src)
	}
}

// elements detaches the elements of a slice, or of an addressable array.
func (c *copier) elements(p *Plan, v reflect.Value) {
	switch {
	case p.elem.text:
		if p.kind == reflect.Array {
			c.bytes += p.textBytes(unsafe.Pointer(v.UnsafeAddr()))
		} else {
			c.bytes += p.elem.textBytesOf(v.UnsafePointer(), v.Len())
		}
	case !p.elem.flat:
		for i := range v.Len() {
			c.detach(p.elem, v.Index(i))
		}
	}
}

func (c *copier) entries(p *Plan, dst, src reflect.Value) {
	if src.Len() == 0 {
		return
	}
	key, elem := reflect.New(p.key.typ).Elem(), reflect.New(p.elem.typ).Elem()
	for iter := src.MapRange(); iter.Next(); {
		key.SetIterKey(iter)
		elem.SetIterValue(iter)
		if p.key.text {
			c.bytes += p.key.textBytes(unsafe.Pointer(key.UnsafeAddr()))
		}
		c.detach(p.elem, elem)
		dst.SetMapIndex(key, elem)
	}
}

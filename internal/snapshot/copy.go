package snapshot

import (
	"reflect"
	"sync"
	"unsafe"
)

// maxNesting bounds how deep structs in interfaces in structs are copied. All
// other depth goes through a list of work and needs no stack.
const maxNesting = 1000

// Copy returns a copy of v as a new, settable value, an estimate of the bytes
// of heap that it holds beyond the value itself (strings count in full though
// they are shared, maps roughly), and whether it shares with v something that
// can change.
//
// It costs one allocation, and one more for each pointer, slice and map in v.
// v must not be written to meanwhile, but by atomics and by locking. A v of
// another type is copied by that type's plan; the zero Value and one read from
// an unexported field, which reflection may not copy, come back as they are.
func (p *Plan) Copy(v reflect.Value) (dup reflect.Value, bytes int64, shared bool) {
	if !v.IsValid() {
		return v, 0, false
	}
	if !v.CanInterface() {
		return v, 0, true
	}
	if v.Type() != p.typ {
		return PlanOf(v.Type()).Copy(v)
	}
	dst := reflect.New(p.typ).Elem()
	p.set(dst, v)
	to := unsafe.Pointer(dst.UnsafeAddr())
	if p.flat {
		return dst, p.textBytes(to), false
	}
	g := p.graph()
	if !g.aliases {
		c := copier{graph: g}
		c.run(p, to)
		return dst, c.bytes, c.shared
	}
	c := copiers.Get().(*copier)
	defer c.release()
	c.graph = g
	if g.overlaps && v.CanAddr() {
		c.regions = append(c.regions, region{p, unsafe.Pointer(v.UnsafeAddr()), to, 1})
	}
	c.run(p, to)
	if g.overlaps && c.tangled() {
		c.untangle()
		if v.CanAddr() {
			c.layout.place(p, unsafe.Pointer(v.UnsafeAddr()), to)
		}
		dst.SetZero()
		p.set(dst, v)
		c.run(p, to)
	}
	return dst, c.bytes, c.shared
}

// set makes the zero variable dst what v is, as load does.
func (p *Plan) set(dst, v reflect.Value) {
	to := unsafe.Pointer(dst.UnsafeAddr())
	if p.careful && v.CanAddr() {
		p.load(to, unsafe.Pointer(v.UnsafeAddr()))
		return
	}
	dst.Set(v)
	p.load(to, to)
}

// Detach turns v, which holds a plain assignment of the original, into a copy
// as [Plan.Copy] makes it, in place: it saves the allocation of the new value.
// It returns the same estimate, and whether the copy shares something that can
// change. v must be settable and of the plan's type; if not, it is left alone
// and the result is 0, true.
func (p *Plan) Detach(v reflect.Value) (bytes int64, shared bool) {
	if !v.CanSet() || v.Type() != p.typ {
		return 0, true
	}
	to := unsafe.Pointer(v.UnsafeAddr())
	if p.flat {
		return p.textBytes(to), false
	}
	p.load(to, to)
	g := p.graph()
	if !g.aliases {
		c := copier{graph: g}
		c.run(p, to)
		return c.bytes, c.shared
	}
	c := copiers.Get().(*copier)
	defer c.release()
	c.graph = g
	if !g.overlaps {
		c.run(p, to)
		return c.bytes, c.shared
	}
	original, ok := p.originals.Get().(*reflect.Value)
	if !ok {
		dup := reflect.New(p.typ).Elem()
		original = &dup
	}
	p.set(*original, v)
	c.run(p, to)
	if c.tangled() {
		c.untangle()
		v.SetZero()
		p.set(v, *original)
		c.run(p, to)
	}
	original.SetZero()
	p.originals.Put(original)
	return c.bytes, c.shared
}

// copier is the state of one copy. What types of limited depth refer to is
// copied by recursion; for the others, todo saves stack.
type copier struct {
	graph   *graph
	bytes   int64
	shared  bool
	nesting int
	todo    []copyJob
	boxes   map[box]any
	book
	layout layout
}

// copyJob is the rest of a copy: n new values at an address, or a map.
type copyJob struct {
	plan     *Plan
	at       unsafe.Pointer
	n        int
	dst, src reflect.Value
}

var copiers = sync.Pool{New: func() any { return new(copier) }}

// release gives c back, without what it knew.
func (c *copier) release() {
	const many = 1000
	if cap(c.todo) > many || cap(c.regions) > many {
		return
	}
	c.book.reset()
	*c = copier{todo: c.todo[:0], book: c.book}
	copiers.Put(c)
}

// run detaches the value at an address, and all that it refers to.
func (c *copier) run(p *Plan, at unsafe.Pointer) {
	c.detach(p, at)
	for len(c.todo) > 0 {
		j := c.todo[len(c.todo)-1]
		c.todo[len(c.todo)-1] = copyJob{}
		c.todo = c.todo[:len(c.todo)-1]
		if j.n > 0 {
			c.detachAll(j.plan, j.at, j.n)
		} else {
			c.fillMap(j.plan, j.dst, j.src)
		}
	}
}

// detach replaces all that the value at an address refers to by copies. The
// memory is the copy's own, and loaded.
func (c *copier) detach(p *Plan, at unsafe.Pointer) {
	switch p.op {
	case keep:
		c.bytes += p.textBytes(at)
	case whole:
		c.shared = c.shared || !p.isNil(at)
	case structure:
		c.bytes += p.textBytes(at)
		for i := range p.deep {
			f := &p.deep[i]
			c.detach(f.plan, unsafe.Add(at, f.offset))
		}
	case array:
		c.detachAll(p.elem, at, p.typ.Len())
	case pointer, protobuf:
		if old := word(at); old != nil {
			*(*unsafe.Pointer)(at) = c.pointer(p, old)
		}
	case slice:
		c.slice(p, at)
	case mapping:
		if word(at) != nil {
			c.mapVariable(p, at)
		}
	case dynamic:
		c.dynamic(p, at)
	default:
		c.detachSynchronised(p, at)
	}
}

// isNil reports whether what is shared whole is nil or zero.
func (p *Plan) isNil(address unsafe.Pointer) bool {
	switch p.kind {
	case reflect.Pointer, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Map:
		return word(address) == nil
	}
	return at(p.typ, address).IsZero()
}

// detachAll detaches n values in a row.
func (c *copier) detachAll(p *Plan, at unsafe.Pointer, n int) {
	if p.flat && !p.hasText() {
		return
	}
	for i := range n {
		c.detach(p, unsafe.Add(at, uintptr(i)*p.size))
	}
}

// later detaches n new values in a row: now, or later if that could recurse
// without limit.
func (c *copier) later(p *Plan, at unsafe.Pointer, n int) {
	switch {
	case p.flat && !p.hasText():
	case c.graph.loops && !p.flat:
		c.todo = append(c.todo, copyJob{plan: p, at: at, n: n})
	default:
		c.detachAll(p, at, n)
	}
}

package snapshot

import (
	"reflect"
	"unsafe"
)

// pointer returns a pointer to a copy of what old points to.
func (c *copier) pointer(p *Plan, old unsafe.Pointer) unsafe.Pointer {
	if p.op == protobuf {
		return c.message(p, old)
	}
	e := p.elem
	if dup, ok := c.known(e, old, 1); ok {
		return dup
	}
	var dup unsafe.Pointer
	if e.raw && e.size > 0 {
		dup = e.clone(old, 1)
	} else {
		dup = reflect.New(e.typ).UnsafePointer()
		e.load(dup, old)
	}
	c.bytes += int64(e.size)
	c.add(e, old, dup, 1)
	c.later(e, dup, 1)
	return dup
}

// nothing is what slices without memory lead to.
var nothing struct{}

// slice moves the slice at an address to memory of its own.
func (c *copier) slice(p *Plan, address unsafe.Pointer) {
	h := (*sliceHeader)(address)
	old, n := h.data, h.len
	if old == nil {
		return
	}
	e := p.elem
	if n == 0 || e.size == 0 {
		*h = sliceHeader{unsafe.Pointer(&nothing), n, n}
		return
	}
	if dup, ok := c.known(e, old, n); ok {
		*h = sliceHeader{dup, n, n}
		return
	}
	switch {
	case e.raw:
		*h = sliceHeader{e.clone(old, n), n, n}
	case e.careful:
		at(p.typ, address).Set(reflect.MakeSlice(p.typ, n, n))
		e.loadAll(h.data, old, n)
	default:
		p.moveSlice(h)
	}
	dup := h.data
	c.bytes += int64(n) * int64(e.size)
	c.add(e, old, dup, n)
	c.later(e, dup, n)
}

// mapVariable replaces the map at an address, which is not nil, by a copy.
func (c *copier) mapVariable(p *Plan, address unsafe.Pointer) {
	v := at(p.typ, address)
	v.Set(c.mapping(p, reflect.ValueOf(v.Interface())))
}

// mapping returns a copy of a map that is not nil.
func (c *copier) mapping(p *Plan, old reflect.Value) reflect.Value {
	if dup, ok := c.known(p, old.UnsafePointer(), 0); ok {
		return p.mapAt(dup)
	}
	dup := reflect.MakeMapWithSize(p.typ, old.Len())
	c.bytes += mapBytes(p, old.Len())
	c.add(p, old.UnsafePointer(), dup.UnsafePointer(), 0)
	switch {
	case old.Len() == 0:
	case c.graph.loops && !p.elem.flat:
		c.todo = append(c.todo, copyJob{plan: p, dst: dup, src: old})
	default:
		c.fillMap(p, dup, old)
	}
	return dup
}

// mapAt returns the map that a variable of p's type would hold in memory.
func (p *Plan) mapAt(m unsafe.Pointer) reflect.Value {
	return reflect.ValueOf(at(p.typ, unsafe.Pointer(&m)).Interface())
}

// mapBytes is what a map holds, roughly: a header, and slots that are two
// thirds full.
func mapBytes(p *Plan, n int) int64 {
	return 48 + int64(n)*int64(p.key.size+p.elem.size)*3/2
}

func (c *copier) fillMap(p *Plan, dst, src reflect.Value) {
	switch p.typ {
	case stringsMap:
		c.fillStrings(dst.Interface().(map[string]string), src.Interface().(map[string]string))
		return
	case anyMap:
		c.fillAny(dst.Interface().(map[string]any), src.Interface().(map[string]any))
		return
	}
	k, e := reflect.New(p.key.typ), reflect.New(p.elem.typ)
	key, elem := k.Elem(), e.Elem()
	for entries := src.MapRange(); entries.Next(); {
		key.SetIterKey(entries)
		elem.SetIterValue(entries)
		c.mapKey(p.key, k.UnsafePointer())
		p.elem.load(e.UnsafePointer(), e.UnsafePointer())
		c.detach(p.elem, e.UnsafePointer())
		dst.SetMapIndex(key, elem)
	}
}

// mapKey looks at a key, which stays as it is.
func (c *copier) mapKey(p *Plan, address unsafe.Pointer) {
	switch {
	case p.flat:
		c.bytes += p.textBytes(address)
	case p.op == dynamic:
		held := at(p.typ, address).Elem()
		c.shared = c.shared || held.IsValid() && !PlanOf(held.Type()).flat
	default:
		c.shared = true
	}
}

var (
	stringsMap = reflect.TypeFor[map[string]string]()
	anyMap     = reflect.TypeFor[map[string]any]()
)

func (c *copier) fillStrings(dst, src map[string]string) {
	for k, v := range src {
		dst[k] = v
		c.bytes += int64(len(k) + len(v))
	}
}

func (c *copier) fillAny(dst, src map[string]any) {
	for k, v := range src {
		dst[k] = c.value(v, false)
		c.bytes += int64(len(k))
	}
}

// message returns a pointer to a clone of the message that old points to.
func (c *copier) message(p *Plan, old unsafe.Pointer) unsafe.Pointer {
	s := support()
	if s == nil {
		c.shared = true
		return old
	}
	if dup, ok := c.known(p, old, 0); ok {
		return dup
	}
	dup, size := cloneOf(p.typ, old)
	if dup == nil {
		c.shared = true
		return old
	}
	c.bytes += size
	c.add(p, old, dup, 0)
	return dup
}

// cloneOf clones the message of pointer type t at an address. The result is nil
// if its Clone is of another type.
func cloneOf(t reflect.Type, address unsafe.Pointer) (dup unsafe.Pointer, size int64) {
	s := support()
	m := reflect.NewAt(t.Elem(), address).Interface()
	v := reflect.ValueOf(s.Clone(m))
	if v.Type() != t {
		return nil, 0
	}
	return v.UnsafePointer(), s.Size(m)
}

package snapshot

import (
	"cmp"
	"reflect"
	"slices"
	"sort"
	"unsafe"
)

// layout is the memory that a value refers to, without overlaps and in the
// order of addresses. It is made when references into the midst of others were
// found, and the value is then copied once more by it.
type layout []*block

// block is n values in a row that are copied as one.
type block struct {
	plan     *Plan
	src, dst unsafe.Pointer // dst is nil before the first reference
	n        int
}

func (b *block) end() uintptr { return uintptr(b.src) + uintptr(b.n)*b.plan.size }

// untangle makes the layout out of the regions of the first pass, and forgets
// what that pass has copied.
func (c *copier) untangle() {
	for i := range c.regions {
		r := &c.regions[i]
		for r.plan.op == array {
			r.n *= r.plan.typ.Len()
			r.plan = r.plan.elem
		}
	}
	slices.SortFunc(c.regions, compareRegions)
	for _, r := range c.regions {
		if r.n == 0 || r.plan.size == 0 {
			continue
		}
		if k := len(c.layout); k > 0 {
			last := c.layout[k-1]
			if r.end() <= last.end() {
				continue // a part of last
			}
			if uintptr(r.src) < last.end() && r.plan == last.plan {
				last.n = int((r.end() - uintptr(last.src)) / last.plan.size)
				continue
			}
		}
		c.layout = append(c.layout, &block{r.plan, r.src, nil, r.n})
	}
	c.book.reset()
	c.bytes, c.shared = 0, false
	clear(c.boxes)
}

// compareRegions sorts by address; of regions with one address, the outermost
// is the first.
func compareRegions(a, b region) int {
	return cmp.Or(cmp.Compare(uintptr(a.src), uintptr(b.src)), cmp.Compare(b.end(), a.end()), cmp.Compare(outerness(b.plan.typ), outerness(a.plan.typ)))
}

// outerness tells a struct from its first field: the struct has more of it.
func outerness(t reflect.Type) int {
	switch {
	case t.Kind() == reflect.Array && t.Len() > 0:
		return 1 + outerness(t.Elem())
	case t.Kind() == reflect.Struct && t.NumField() > 0:
		most := 0
		for i := range t.NumField() {
			if f := t.Field(i); f.Offset == 0 {
				most = max(most, outerness(f.Type))
			}
		}
		return 1 + most
	}
	return 0
}

// find returns the block that n values at an address are in, or nil.
func (l layout) find(p *Plan, src unsafe.Pointer, n int) *block {
	i := sort.Search(len(l), func(i int) bool { return uintptr(l[i].src) > uintptr(src) }) - 1
	if i < 0 || uintptr(src)+uintptr(n)*p.size > l[i].end() {
		return nil
	}
	return l[i]
}

// place says where the value at src is copied to.
func (l layout) place(p *Plan, src, dst unsafe.Pointer) {
	if b := l.find(p, src, 1); b != nil && b.src == src && b.end() == uintptr(src)+p.size {
		b.dst = dst
	}
}

// part returns where the copies of n values are, which are part of a block.
func (c *copier) part(p *Plan, src unsafe.Pointer, n int) (unsafe.Pointer, bool) {
	b := c.layout.find(p, src, n)
	if b == nil {
		return nil, false
	}
	if b.dst == nil {
		b.dst = reflect.MakeSlice(reflect.SliceOf(b.plan.typ), b.n, b.n).UnsafePointer()
		b.plan.loadAll(b.dst, b.src, b.n)
		c.bytes += int64(b.n) * int64(b.plan.size)
		c.later(b.plan, b.dst, b.n)
	}
	return unsafe.Add(b.dst, uintptr(src)-uintptr(b.src)), true
}

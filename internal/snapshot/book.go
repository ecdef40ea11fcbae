package snapshot

import (
	"slices"
	"unsafe"
)

// book remembers what was copied where, for types in which two references can
// lead to one variable.
type book struct {
	regions []region
	index   []int32 // hash table of places in regions, from 1; empty for few
}

// region is n values in a row and their copies, or with n 0 a map or a message,
// to which plan belongs itself.
type region struct {
	plan     *Plan
	src, dst unsafe.Pointer
	n        int
}

func (r region) end() uintptr { return uintptr(r.src) + uintptr(r.n)*r.plan.size }

// few is how many regions are looked through without an index.
const few = 8

func (b *book) reset() {
	clear(b.regions)
	clear(b.index)
	b.regions, b.index = b.regions[:0], b.index[:0]
}

func (b *book) find(p *Plan, src unsafe.Pointer, n int) (unsafe.Pointer, bool) {
	if len(b.index) == 0 {
		for i := range b.regions {
			if r := &b.regions[i]; r.src == src && r.plan == p && r.n == n {
				return r.dst, true
			}
		}
		return nil, false
	}
	for i := b.slot(src); b.index[i] != 0; i = (i + 1) & (len(b.index) - 1) {
		if r := &b.regions[b.index[i]-1]; r.src == src && r.plan == p && r.n == n {
			return r.dst, true
		}
	}
	return nil, false
}

// slot is where the index may begin to hold an address.
func (b *book) slot(src unsafe.Pointer) int {
	h := uint64(uintptr(src)) * 0x9E3779B97F4A7C15
	return int(h>>32) & (len(b.index) - 1)
}

func (b *book) insert(r region) {
	b.regions = append(b.regions, r)
	n := len(b.regions)
	switch {
	case n <= few:
	case 2*n > len(b.index):
		b.rebuild(4 * n)
	default:
		b.enter(n)
	}
}

// rebuild makes an index of at least the given size.
func (b *book) rebuild(size int) {
	capacity := 4 * few
	for capacity < size {
		capacity *= 2
	}
	if capacity <= cap(b.index) {
		b.index = b.index[:capacity]
		clear(b.index)
	} else {
		b.index = make([]int32, capacity)
	}
	for n := range b.regions {
		b.enter(n + 1)
	}
}

func (b *book) enter(n int) {
	i := b.slot(b.regions[n-1].src)
	for b.index[i] != 0 {
		i = (i + 1) & (len(b.index) - 1)
	}
	b.index[i] = int32(n)
}

// tangled reports whether regions overlap: then what was copied twice must be
// copied as one.
func (b *book) tangled() bool {
	if len(b.regions) <= few {
		for i, r := range b.regions {
			for _, s := range b.regions[:i] {
				if uintptr(r.src) < s.end() && uintptr(s.src) < r.end() {
					return true
				}
			}
		}
		return false
	}
	sorted := slices.Clone(b.regions)
	slices.SortFunc(sorted, compareRegions)
	for i := range sorted[1:] {
		if uintptr(sorted[i+1].src) < sorted[i].end() {
			return true
		}
	}
	return false
}

// known returns where n values, or a map or message, were copied to.
func (c *copier) known(p *Plan, src unsafe.Pointer, n int) (unsafe.Pointer, bool) {
	if !c.graph.aliases || n > 0 && p.size == 0 {
		return nil, false
	}
	if len(c.layout) > 0 && n > 0 {
		if dst, ok := c.part(p, src, n); ok {
			return dst, true
		}
	}
	return c.find(p, src, n)
}

// add remembers a copy.
func (c *copier) add(p *Plan, src, dst unsafe.Pointer, n int) {
	if c.graph.aliases && (n == 0 || p.size > 0) {
		c.insert(region{p, src, dst, n})
	}
}

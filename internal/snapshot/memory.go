package snapshot

import (
	"reflect"
	"unsafe"
)

// The functions here read and write memory by its address: so they reach
// unexported fields, and need fewer allocations than reflection.

// maxListed bounds the strings and segments that are listed for a type.
const maxListed = 64

// sliceHeader is what a variable of a slice type holds.
type sliceHeader struct {
	data     unsafe.Pointer
	len, cap int
}

// at returns the variable of type t at an address.
func at(t reflect.Type, address unsafe.Pointer) reflect.Value {
	return reflect.NewAt(t, address).Elem()
}

// word returns the pointer, map, channel or function at an address.
func word(address unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(address) }

// dataWord returns the second word of an interface: the value if that is a
// single pointer, as with functions, else a pointer to it.
func dataWord(x any) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1]
}

// assign copies a value of p's type as an assignment does.
func (p *Plan) assign(dst, src unsafe.Pointer) {
	switch {
	case p.raw:
		copy(unsafe.Slice((*byte)(dst), p.size), unsafe.Slice((*byte)(src), p.size))
	case p.words > 0:
		for i := range p.words {
			to, from := unsafe.Add(dst, i*wordSize), unsafe.Add(src, i*wordSize)
			if p.pointers&(1<<i) != 0 {
				*(*unsafe.Pointer)(to) = *(*unsafe.Pointer)(from)
			} else {
				*(*uintptr)(to) = *(*uintptr)(from)
			}
		}
	default:
		at(p.typ, dst).Set(at(p.typ, src))
	}
}

const (
	wordSize = unsafe.Sizeof(uintptr(0))
	maxWords = 16 // from there on, reflection is faster
)

// listWords lists p's words, if there are few: then assign copies them one by
// one, pointers as such.
func (p *Plan) listWords() {
	if p.size%wordSize != 0 || p.size > maxWords*wordSize || uintptr(p.typ.Align())%wordSize != 0 {
		return
	}
	p.words, p.pointers = p.size/wordSize, pointersOf(p.typ)
}

// pointersOf has a bit for each word of a t that is a pointer.
func pointersOf(t reflect.Type) (bits uint32) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.String, reflect.Slice:
		return 1
	case reflect.Interface:
		return 3
	case reflect.Array:
		for i := range t.Len() {
			bits |= pointersOf(t.Elem()) << (uintptr(i) * t.Elem().Size() / wordSize)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			bits |= pointersOf(t.Field(i).Type) << (t.Field(i).Offset / wordSize)
		}
	}
	return bits
}

// clone returns n values of p's type, which has no pointers, in new memory.
func (p *Plan) clone(src unsafe.Pointer, n int) unsafe.Pointer {
	size := uintptr(n) * p.size
	switch p.typ.Align() {
	case 1:
		return cloneWords[uint8](src, size)
	case 2:
		return cloneWords[uint16](src, size)
	case 4:
		return cloneWords[uint32](src, size)
	default:
		return cloneWords[uint64](src, size)
	}
}

func cloneWords[W uint8 | uint16 | uint32 | uint64](src unsafe.Pointer, size uintptr) unsafe.Pointer {
	words := unsafe.Slice((*W)(src), size/unsafe.Sizeof(W(0)))
	return unsafe.Pointer(unsafe.SliceData(append([]W(nil), words...)))
}

// mover holds two slices of one type while one is copied to the other: to make
// variables for reflection each time would cost more than the copying.
type mover struct {
	old, dup           *sliceHeader
	oldSlice, dupSlice reflect.Value
}

// moveSlice moves the slice in h, of type p, to new memory. A plain assignment
// may read its elements.
func (p *Plan) moveSlice(h *sliceHeader) {
	if p.elem.kind == reflect.String {
		all := (*[]string)(unsafe.Pointer(h))
		*all = append([]string(nil), *all...)
		return
	}
	m, ok := p.movers.Get().(*mover)
	if !ok {
		m = &mover{old: new(sliceHeader), dup: new(sliceHeader)}
		m.oldSlice, m.dupSlice = at(p.typ, unsafe.Pointer(m.old)), at(p.typ, unsafe.Pointer(m.dup))
	}
	*m.old = sliceHeader{h.data, h.len, h.len}
	m.dupSlice.Grow(h.len)
	m.dupSlice.SetLen(h.len)
	reflect.Copy(m.dupSlice, m.oldSlice)
	*h = sliceHeader{m.dup.data, h.len, h.len}
	*m.old, *m.dup = sliceHeader{}, sliceHeader{}
	p.movers.Put(m)
}

// A segment is part of a value's memory.
type segment struct {
	offset, size uintptr
	kind         segmentKind
}

type segmentKind reflect.Kind

// plainBytes are equal if their bytes are. Other segments are one string, or
// one floating point or complex number.
const plainBytes = segmentKind(reflect.Invalid)

func kindOfSegment(k reflect.Kind) segmentKind {
	if k >= reflect.Float32 && k <= reflect.Complex128 || k == reflect.String {
		return segmentKind(k)
	}
	return plainBytes
}

func hasFloats(segments []segment) bool {
	for _, s := range segments {
		if s.kind != plainBytes && s.kind != segmentKind(reflect.String) {
			return true
		}
	}
	return false
}

// byMemory reports whether segments say all about equality.
func (p *Plan) byMemory() bool { return p.segments != nil && !p.isError }

// addSegments adds those of a part, of which the offset is not before that of
// other parts.
func (p *Plan) addSegments(f field) {
	for _, s := range f.plan.segments {
		s.offset += f.offset
		if n := len(p.segments); n > 0 && s.kind == plainBytes {
			if last := &p.segments[n-1]; last.kind == plainBytes && last.offset+last.size == s.offset {
				last.size += s.size
				continue
			}
		}
		p.segments = append(p.segments, s)
	}
}

// memoryOf adds the memory of a value of t, but for the padding in structs,
// which may hold anything.
func memoryOf(t reflect.Type, offset uintptr, segments []segment) []segment {
	switch {
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			segments = memoryOf(f.Type, offset+f.Offset, segments)
		}
		return segments
	case t.Kind() == reflect.Array:
		for i := range t.Len() {
			segments = memoryOf(t.Elem(), offset+uintptr(i)*t.Elem().Size(), segments)
		}
		return segments
	}
	return append(segments, segment{offset: offset, size: t.Size()})
}

func equalMemory(segments []segment, a, b unsafe.Pointer) bool {
	for _, s := range segments {
		x, y := unsafe.Add(a, s.offset), unsafe.Add(b, s.offset)
		equal := false
		switch reflect.Kind(s.kind) {
		case reflect.String:
			equal = *(*string)(x) == *(*string)(y)
		case reflect.Float32:
			equal = equalFloats(*(*float32)(x), *(*float32)(y))
		case reflect.Float64:
			equal = equalFloats(*(*float64)(x), *(*float64)(y))
		case reflect.Complex64:
			v, w := *(*complex64)(x), *(*complex64)(y)
			equal = equalFloats(real(v), real(w)) && equalFloats(imag(v), imag(w))
		case reflect.Complex128:
			v, w := *(*complex128)(x), *(*complex128)(y)
			equal = equalFloats(real(v), real(w)) && equalFloats(imag(v), imag(w))
		default:
			equal = equalBytes(x, y, s.size)
		}
		if !equal {
			return false
		}
	}
	return true
}

func equalFloats[F float32 | float64](x, y F) bool { return x == y || x != x && y != y }

func equalBytes(a, b unsafe.Pointer, size uintptr) bool {
	return size == 0 || unsafe.String((*byte)(a), size) == unsafe.String((*byte)(b), size)
}

// addStrings lists the strings of a flat part.
func (p *Plan) addStrings(f field) {
	switch {
	case !f.plan.flat || !f.plan.hasText():
	case p.manyText || f.plan.manyText || len(p.strings)+len(f.plan.strings) > maxListed:
		p.strings, p.manyText = nil, true
	default:
		for _, offset := range f.plan.strings {
			p.strings = append(p.strings, f.offset+offset)
		}
	}
}

func (p *Plan) hasText() bool { return p.manyText || len(p.strings) > 0 }

// textBytes returns the length of all strings in the flat parts of the value
// of p's type at an address.
func (p *Plan) textBytes(at unsafe.Pointer) (sum int64) {
	switch {
	case !p.manyText:
		for _, offset := range p.strings {
			sum += int64(len(*(*string)(unsafe.Add(at, offset))))
		}
	case p.kind == reflect.Array:
		for i := range p.typ.Len() {
			sum += p.elem.textBytes(unsafe.Add(at, uintptr(i)*p.elem.size))
		}
	default:
		for _, f := range p.fields {
			if f.plan.flat {
				sum += f.plan.textBytes(unsafe.Add(at, f.offset))
			}
		}
	}
	return sum
}

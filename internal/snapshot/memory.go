package snapshot

import (
	"reflect"
	"unsafe"
)

// The functions here read memory that reflection would read only by allocating
// or several times slower.

const (
	wordSize = unsafe.Sizeof(uintptr(0)) // a smaller value may be an interface's word itself
	maxView  = 1024                      // plans of larger types would hold a large zero
)

// view returns v, of a plain type, as an interface. It does not copy: the
// result is good only until v changes.
func (p *Plan) view(v reflect.Value) any {
	if !v.CanAddr() {
		return v.Interface()
	}
	x := p.zero
	(*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1] = unsafe.Pointer(v.UnsafeAddr())
	return x
}

// dataWord returns the second word of an interface: the value if that is a
// single pointer, as with functions, else a pointer to it.
func dataWord(x any) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&x))[1]
}

// funcWord returns the pointer that a function value consists of, which tells
// closures apart, or their code if reflection forbids to look closer.
func funcWord(v reflect.Value) unsafe.Pointer {
	switch {
	case v.CanAddr():
		return *(*unsafe.Pointer)(unsafe.Pointer(v.UnsafeAddr()))
	case v.CanInterface():
		return dataWord(v.Interface())
	}
	return v.UnsafePointer()
}

// moveSlice moves the addressable slice v, of n elements, to memory of its own.
func (p *Plan) moveSlice(v reflect.Value, n int) {
	var old reflect.Value
	at := v.UnsafePointer()
	if !p.elem.raw {
		old = v.Slice(0, n) // a header beside v's, which typed memory needs
	}
	v.SetZero()
	v.Grow(n)
	v.SetLen(n)
	if p.elem.raw {
		size := n * int(p.elem.size)
		copy(unsafe.Slice((*byte)(v.UnsafePointer()), size), unsafe.Slice((*byte)(at), size))
		return
	}
	reflect.Copy(v, old)
}

// textBytes returns the length of all strings in the flat parts of the value
// of p's type that at points to.
func (p *Plan) textBytes(at unsafe.Pointer) int64 {
	switch p.kind {
	case reflect.String:
		return int64(len(*(*string)(at)))
	case reflect.Array:
		return p.elem.textBytesOf(at, p.typ.Len())
	}
	var sum int64
	for _, f := range p.texts {
		sum += f.plan.textBytes(unsafe.Add(at, f.offset))
	}
	return sum
}

// textBytesOf is textBytes of n values in a row.
func (p *Plan) textBytesOf(at unsafe.Pointer, n int) int64 {
	var sum int64
	for i := range n {
		sum += p.textBytes(unsafe.Add(at, uintptr(i)*uintptr(p.size)))
	}
	return sum
}

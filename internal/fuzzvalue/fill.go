// Package fuzzvalue makes Go values of any type out of the bytes of a fuzzer,
// for tests.
package fuzzvalue

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"
)

// Filler turns bytes into values. Once the bytes are used up, everything else stays zero.
type Filler struct {
	Data    []byte
	Dynamic []reflect.Type                        // what interfaces may hold
	Special func(f *Filler, v reflect.Value) bool // fills v itself, or is false

	made  map[reflect.Type][]reflect.Value // pointers and maps, to be used again
	depth int
}

// Byte takes the next byte, 0 if there is none.
func (f *Filler) Byte() byte {
	if len(f.Data) == 0 {
		return 0
	}
	b := f.Data[0]
	f.Data = f.Data[1:]
	return b
}

// Bytes takes up to n bytes.
func (f *Filler) Bytes(n int) []byte {
	n = min(n, len(f.Data))
	b := f.Data[:n:n]
	f.Data = f.Data[n:]
	return b
}

func (f *Filler) uint64() uint64 {
	var b [8]byte
	copy(b[:], f.Bytes(int(f.Byte()%9)))
	return binary.LittleEndian.Uint64(b[:])
}

// Fill sets v, which must be addressable, and all that it holds: unexported
// fields too. Pointers and maps may be used again, so that values can be cyclic.
func (f *Filler) Fill(v reflect.Value) {
	const deepest = 20
	if len(f.Data) == 0 || f.depth > deepest {
		return
	}
	f.depth++
	defer func() { f.depth-- }()
	if !v.CanSet() { // unexported
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	}
	if f.Special != nil && f.Special(f, v) {
		return
	}
	if v.Kind() >= reflect.Bool && v.Kind() <= reflect.Complex128 {
		f.number(v)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(f.Bytes(int(f.Byte() % 8))))
	case reflect.Struct:
		for i := range v.NumField() {
			f.Fill(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.Fill(v.Index(i))
		}
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Chan, reflect.Func:
		f.reference(v)
	}
}

func (f *Filler) number(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(f.Byte()&1 == 1)
	case v.CanInt():
		v.SetInt(int64(f.uint64()))
	case v.CanUint():
		v.SetUint(f.uint64())
	case v.CanFloat():
		v.SetFloat(f.float())
	case v.CanComplex():
		v.SetComplex(complex(f.float(), 0))
	}
}

func (f *Filler) float() float64 {
	switch f.Byte() % 8 {
	case 0:
		return math.Float64frombits(f.uint64())
	case 1:
		return math.Inf(-1)
	case 2:
		return math.Copysign(0, -1)
	}
	return float64(int64(f.uint64())) / 8
}

// reference sets what can be nil: nil, new, or one that was made before.
func (f *Filler) reference(v reflect.Value) {
	choice, t := f.Byte(), v.Type()
	if made := f.made[t]; choice%16 == 1 && len(made) > 0 {
		v.Set(made[int(f.Byte())%len(made)])
		return
	}
	if choice%4 == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		f.remember(v)
		f.Fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(t, int(choice/4)%4, 4))
		f.remember(v)
		for i := range v.Len() {
			f.Fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		f.remember(v)
		f.entries(v, int(choice/4)%4)
	case reflect.Chan:
		v.Set(reflect.MakeChan(t, 0))
	case reflect.Func:
		v.Set(reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value { panic("not to be called") }))
	case reflect.Interface:
		f.dynamic(v, int(choice/4))
	}
}

func (f *Filler) entries(m reflect.Value, n int) {
	for range n {
		k, e := reflect.New(m.Type().Key()).Elem(), reflect.New(m.Type().Elem()).Elem()
		f.Fill(k)
		f.Fill(e)
		if k.Comparable() {
			m.SetMapIndex(k, e)
		}
	}
}

func (f *Filler) dynamic(v reflect.Value, choice int) {
	if len(f.Dynamic) == 0 {
		return
	}
	t := f.Dynamic[choice%len(f.Dynamic)]
	if !t.Implements(v.Type()) {
		return
	}
	e := reflect.New(t).Elem()
	f.Fill(e)
	v.Set(e)
}

func (f *Filler) remember(v reflect.Value) {
	if f.made == nil {
		f.made = map[reflect.Type][]reflect.Value{}
	}
	f.made[v.Type()] = append(f.made[v.Type()], reflect.ValueOf(v.Interface()))
}

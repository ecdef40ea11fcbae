package jsonfields

import "reflect"

// Reach returns the field's value in v, a value of the struct type that Of was
// asked about. It is false where an embedded pointer on the way is nil.
func (f *Field) Reach(v reflect.Value) (reflect.Value, bool) { return Reach(v, f.Index) }

// Reach follows index from the struct v, through embedded pointers. It is false
// where one of them is nil.
func Reach(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

// Omitted reports whether encoding/json leaves the field out when its value is
// v, because of omitempty or omitzero. It may call v's method IsZero.
func (f *Field) Omitted(v reflect.Value) bool {
	switch {
	case f.OmitEmpty && empty(v):
		return true
	case f.OmitZero && f.isZero != nil:
		return f.isZero(v)
	}
	return f.OmitZero && v.IsZero()
}

// CustomZero reports whether an IsZero method decides about omitzero.
func (f *Field) CustomZero() bool { return f.isZero != nil }

// empty is the sense of "empty" that omitempty has.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct, reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return false
	}
	return v.IsZero()
}

type zeroer interface{ IsZero() bool }

var zeroerType = reflect.TypeFor[zeroer]()

// zeroMethod returns how encoding/json asks a value of type t whether it is
// zero, or nil if t has no IsZero method.
func zeroMethod(t reflect.Type) func(reflect.Value) bool {
	switch {
	case t.Implements(zeroerType):
		return func(v reflect.Value) bool { return nilInside(v) || v.Interface().(zeroer).IsZero() }
	case reflect.PointerTo(t).Implements(zeroerType):
		return func(v reflect.Value) bool {
			if !v.CanAddr() {
				boxed := reflect.New(v.Type()).Elem()
				boxed.Set(v)
				v = boxed
			}
			return v.Addr().Interface().(zeroer).IsZero()
		}
	}
	return nil
}

// nilInside reports whether v is a nil pointer or interface, or an interface that holds a nil pointer.
func nilInside(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Interface:
		return v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil()
	}
	return false
}

package snapshot

import (
	"reflect"
	"unsafe"
)

// equalMethod is the method Equal of a type.
type equalMethod struct {
	fn                reflect.Value
	ptrRecv, ptrParam bool
}

// equalMethodOf returns nil if t has no suitable method. A pointer type needs
// none: what it points to is compared, by a method of either receiver.
func equalMethodOf(t reflect.Type) *equalMethod {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return nil
	}
	ptr := reflect.PointerTo(t)
	for _, recv := range []reflect.Type{t, ptr} {
		m, ok := recv.MethodByName("Equal")
		if !ok {
			continue
		}
		f := m.Type
		if f.NumIn() == 2 && (f.In(1) == t || f.In(1) == ptr) && f.NumOut() == 1 && f.Out(0) == reflect.TypeFor[bool]() {
			return &equalMethod{fn: m.Func, ptrRecv: recv == ptr, ptrParam: f.In(1) == ptr}
		}
		return nil
	}
	return nil
}

// call asks the method about the values of type t at two addresses. Not ok
// means that it panicked.
func (m *equalMethod) call(t reflect.Type, a, b unsafe.Pointer) (equal, ok bool) {
	defer func() {
		if !ok {
			_ = recover()
		}
	}()
	in := []reflect.Value{reflect.NewAt(t, a), reflect.NewAt(t, b)}
	if !m.ptrRecv {
		in[0] = in[0].Elem()
	}
	if !m.ptrParam {
		in[1] = in[1].Elem()
	}
	return m.fn.Call(in)[0].Bool(), true
}

// sameText reports whether two errors say the same.
func sameText(a, b error) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return a.Error() == b.Error()
}

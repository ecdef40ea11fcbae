package snapshot

import "reflect"

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

func (m *equalMethod) call(a, b reflect.Value) (equal bool) {
	defer func() {
		if recover() != nil {
			equal = false
		}
	}()
	if m.ptrRecv {
		a = addressOf(a)
	}
	if m.ptrParam {
		b = addressOf(b)
	}
	return m.fn.Call([]reflect.Value{a, b})[0].Bool()
}

func addressOf(v reflect.Value) reflect.Value {
	if !v.CanAddr() {
		dup := reflect.New(v.Type())
		dup.Elem().Set(v)
		return dup
	}
	return v.Addr()
}

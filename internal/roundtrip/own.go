package roundtrip

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

const mendMethods = "mend them, or pass a value that they can hold"

// checkOwn asks the methods of v's type whether v comes back.
func checkOwn(v reflect.Value) *refusal {
	if !v.CanInterface() {
		return nil // not written either
	}
	text, r := written(boxed(v))
	if r != nil {
		return r
	}
	back := reflect.New(v.Type())
	if err := contained(func() error { return json.Unmarshal(text, back.Interface()) }); err != nil {
		return complaint(v.Type(), "its own methods write what they do not read", mendMethods, err)
	}
	again, r := written(back)
	if r != nil {
		return r
	}
	if !bytes.Equal(text, again) || unequal(v, back.Elem()) {
		return refused(v.Type(), reason{"its own methods read another value than they wrote", "mend them, so that JSON holds all that counts"})
	}
	return nil
}

// written is what pointer points to, as JSON.
func written(pointer reflect.Value) (text []byte, r *refusal) {
	err := contained(func() (err error) {
		text, err = json.Marshal(pointer.Interface())
		return err
	})
	if err != nil {
		return nil, complaint(pointer.Type().Elem(), "its own methods cannot write it", mendMethods, err)
	}
	return text, nil
}

// boxed returns a pointer to a copy of v, so that methods do not change v.
func boxed(v reflect.Value) reflect.Value {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// ownNull reports whether the methods of v's type write it as null.
func ownNull(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	text, r := written(boxed(v))
	return r == nil && string(text) == "null"
}

// contained returns the error of f, also where f panics.
func contained(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// complaint is a refusal with what a method said.
func complaint(t reflect.Type, why, fix string, err error) *refusal {
	const most = 200
	r := refused(t, reason{why, fix})
	if r.detail = err.Error(); len(r.detail) > most {
		r.detail = r.detail[:most] + "…"
	}
	return r
}

// unequal reports whether a method Equal of their type calls two values
// different, although it calls the first equal to itself.
func unequal(a, b reflect.Value) bool {
	different := false
	_ = contained(func() error {
		for _, v := range []reflect.Value{a, boxed(a)} {
			m := v.MethodByName("Equal")
			if !m.IsValid() {
				continue
			}
			t, arg := m.Type(), func(v reflect.Value) reflect.Value { return v }
			if t.NumIn() == 1 && t.In(0) == reflect.PointerTo(a.Type()) {
				arg = boxed
			}
			if t.NumIn() != 1 || t.NumOut() != 1 || t.Out(0).Kind() != reflect.Bool || t.In(0) != arg(a).Type() {
				return nil
			}
			equal := func(v reflect.Value) bool { return m.Call([]reflect.Value{arg(v)})[0].Bool() }
			different = equal(a) && !equal(b)
			return nil
		}
		return nil
	})
	return different
}

// checkKey does for the key of a map what checkOwn does for a value. Keys are
// the same if == says so.
func checkKey(k reflect.Value) *refusal {
	var text []byte
	err := contained(func() (err error) {
		text, err = k.Interface().(encoding.TextMarshaler).MarshalText()
		return err
	})
	if err != nil {
		return complaint(k.Type(), "MarshalText of a key fails", mendMethods, err)
	}
	back := reflect.New(k.Type())
	if err := contained(func() error { return back.Interface().(encoding.TextUnmarshaler).UnmarshalText(text) }); err != nil {
		return complaint(k.Type(), "UnmarshalText of a key does not read what MarshalText wrote", mendMethods, err)
	}
	if !back.Elem().Equal(k) {
		return refused(k.Type(), reason{"UnmarshalText reads another key than MarshalText wrote", "use a string or an integer as the key"})
	}
	return nil
}

// checkMessage asks the support for protobuf messages whether v comes back.
func checkMessage(v reflect.Value) *refusal {
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.CanInterface() {
		return nil
	}
	support, ok := message.Registered()
	if !ok {
		return refused(v.Type(), reason{"JSON cannot hold a protobuf message in a program without saferunnerproto", `add import _ "github.com/saferunner/saferunner/saferunnerproto"`})
	}
	if v.Kind() != reflect.Pointer {
		v = boxed(v)
	}
	if err := contained(func() error { return support.Check(v.Interface()) }); err != nil {
		return complaint(v.Type(), "protojson does not hold the message", "pass a valid message", err)
	}
	return nil
}

// Package message is how the packages of the root module meet protobuf
// messages. The root module does not import protobuf: it knows a message by its
// method set, and asks the [Support] that package saferunnerproto registers
// when a program imports it.
//
// saferunnerproto is a module of its own and may be older or newer than the
// root module, so names here stay and a Support only grows.
package message

import (
	"reflect"
	"sync"
)

const reflectPackage = "google.golang.org/protobuf/reflect/protoreflect"

var known sync.Map // reflect.Type of a pointer to bool

// Is reports whether t is the type of a protobuf message: a pointer with a
// ProtoReflect method of its own, such as *timestamppb.Timestamp. A type that
// only embeds a message is none, nor is an interface: ask for the type of what
// it holds. A struct of which the pointer is a message is none either, see
// [IsValue]. The answer is cached.
func Is(t reflect.Type) bool {
	if t == nil || t.Kind() != reflect.Pointer {
		return false
	}
	if is, ok := known.Load(t); ok {
		return is.(bool)
	}
	is := hasProtoReflect(t) && !embedsMessage(t.Elem())
	known.Store(t, is)
	return is
}

// IsValue reports whether a pointer to t is a message, as with a field of type
// timestamppb.Timestamp. Such a value can be copied and compared through its
// address.
func IsValue(t reflect.Type) bool {
	return t != nil && t.Kind() == reflect.Struct && Is(reflect.PointerTo(t))
}

func hasProtoReflect(t reflect.Type) bool {
	m, ok := t.MethodByName("ProtoReflect")
	if !ok {
		return false
	}
	in := 1 // the receiver
	if t.Kind() == reflect.Interface {
		in = 0
	}
	if m.Type.NumIn() != in || m.Type.NumOut() != 1 {
		return false
	}
	out := m.Type.Out(0)
	return out.Name() == "Message" && out.PkgPath() == reflectPackage
}

// embedsMessage reports whether t has an embedded field that brings a
// ProtoReflect method: then the one of t returns the field, not t.
func embedsMessage(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && (hasProtoReflect(f.Type) || f.Type.Kind() == reflect.Struct && hasProtoReflect(reflect.PointerTo(f.Type))) {
			return true
		}
	}
	return false
}

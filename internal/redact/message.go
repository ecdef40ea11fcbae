package redact

import (
	"encoding/json"
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

// message looks into a protobuf message: only the support for them can tell
// what is secret there.
func (s *scan) message(n *node, v reflect.Value) {
	if isNil(v) {
		return
	}
	s.text = true
	_, hid := hideInMessage(n, v)
	s.secret = s.secret || hid
}

// hideInMessage returns a copy of a message without its secrets, and whether it
// has any: else the copy is the message. Without support the copy is zero.
func hideInMessage(n *node, v reflect.Value) (dup reflect.Value, hid bool) {
	if isNil(v) {
		return v, false
	}
	defer func() {
		if recover() != nil {
			dup, hid = reflect.Zero(v.Type()), true
		}
	}()
	support, ok := message.Registered()
	if !ok || support.Hide == nil || !v.CanInterface() {
		return reflect.Zero(v.Type()), true
	}
	pointer := v
	if v.Kind() != reflect.Pointer {
		pointer = addressed(v).Addr()
	}
	clone := support.Clone(pointer.Interface())
	if !support.Hide(clone, n.below) {
		return v, false
	}
	if v.Kind() != reflect.Pointer {
		return reflect.ValueOf(clone).Elem(), true
	}
	return reflect.ValueOf(clone), true
}

// showMessage returns a message as protojson without its secrets, nil if that
// cannot be had.
func showMessage(n *node, v reflect.Value) (shown []byte) {
	defer func() {
		if recover() != nil {
			shown = nil
		}
	}()
	support, ok := message.Registered()
	if !ok || !v.CanInterface() {
		return nil
	}
	if v.Kind() != reflect.Pointer {
		v = addressed(v).Addr()
	}
	shown, _, err := support.Show(v.Interface(), n.below)
	if err != nil || !json.Valid(shown) {
		return nil
	}
	return shown
}

// addressed is v, or a copy of it that has an address.
func addressed(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	boxed := reflect.New(v.Type()).Elem()
	boxed.Set(v)
	return boxed
}

package redact

import (
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
	_, hid := showMessage(n, v)
	s.secret = s.secret || hid
}

// showMessage returns a message as protojson without its secrets, nil if that
// cannot be had, and whether it has any.
func showMessage(n *node, v reflect.Value) (shown []byte, hid bool) {
	defer func() {
		if recover() != nil {
			shown, hid = nil, true
		}
	}()
	support, ok := message.Registered()
	if !ok || !v.CanInterface() {
		return nil, true
	}
	if v.Kind() != reflect.Pointer {
		v = addressed(v).Addr()
	}
	shown, hid, err := support.Show(v.Interface(), n.below)
	if err != nil {
		return nil, hid
	}
	return shown, hid
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

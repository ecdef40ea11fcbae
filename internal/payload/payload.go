// Package payload turns arguments and results into JSON and back. It is
// encoding/json, but protobuf messages are protojson wherever they occur.
//
// A type that cannot hold messages goes to encoding/json as it is. For others
// a stand-in takes the place of each struct: one with the same names and tags
// in which the fields that hold messages are raw JSON. So encoding/json still
// decides on names, omission and embedding. Types with a MarshalJSON or
// MarshalText method encode themselves, also where they hold messages.
package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

// maxDepth bounds how deep values nest of which the parts are encoded one by
// one. encoding/json stops cycles at the same depth.
const maxDepth = 1000

// Marshal returns v as JSON. It fails as json.Marshal does, if a message has no
// protojson, and with message.ErrMissing if saferunnerproto is not there for a
// message. v must not change meanwhile. Where a method of v panics, that is an
// error too.
func Marshal(v any) (text json.RawMessage, err error) {
	defer guard(v, &err)
	support, ok := message.Registered()
	if !ok {
		if v != nil && kindOf(reflect.TypeOf(v)) == holds {
			return nil, fmt.Errorf("marshal %T: %w", v, message.ErrMissing)
		}
		return json.Marshal(v)
	}
	value := reflect.ValueOf(v)
	if !value.IsValid() || !(&search{}).finds(value) {
		return json.Marshal(v)
	}
	text, err = (&encoder{support, 0}).encode(value)
	if err != nil {
		return nil, at(value.Type().String(), err)
	}
	return text, nil
}

// Unmarshal sets what into points to, a zero value, to what data says. It
// fails for data that is more than one JSON value, or has a field that the type
// or a message does not know, and with message.ErrMissing if saferunnerproto
// is not there for a message. A message that was in an interface does not come
// back: encoding/json does not know its type. Where a method of the value
// panics, that is an error too.
func Unmarshal(data []byte, into any) (err error) {
	defer guard(into, &err)
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || kindOf(target.Type()) != holds {
		return strict(data, into)
	}
	support, ok := message.Registered()
	if !ok {
		return fmt.Errorf("unmarshal %T: %w", into, message.ErrMissing)
	}
	if message.Is(target.Type()) {
		return support.Unmarshal(data, into)
	}
	if err := (&decoder{support, 0}).decode(data, target.Elem()); err != nil {
		return at(target.Type().Elem().String(), err)
	}
	return nil
}

// guard makes an error of a panic. What the panic says is left out: it may
// hold a secret.
func guard(v any, err *error) {
	if recover() != nil {
		*err = fmt.Errorf("a method of %T, or of what it holds, has panicked", v)
	}
}

// strict is json.Unmarshal that accepts no unknown fields.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one JSON value for %T", into)
	}
	return nil
}

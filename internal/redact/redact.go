// Package redact keeps secrets out of what is shown: it turns values into JSON
// in which struct fields tagged
//
//	saferunner:"redact"
//
// read "[redacted]".
package redact

import (
	"encoding/json"
	"reflect"
)

// JSON returns v as JSON, as [json.Marshal] would, with "[redacted]" for every
// tagged field, whatever it holds; only omitempty and omitzero still leave it
// out. A type in which tagged fields can be found, at any depth and in
// interfaces by what they hold, is written by its fields: methods that it has
// for JSON are ignored, since they could show the secret. An embedded struct
// that is tagged redacts all that it promotes. A map whose keys hold tagged
// fields reads "[redacted]" as a whole.
//
// JSON never fails and never panics. What JSON cannot hold (a channel, a
// function, NaN, a cycle, a value whose method fails or panics, what is nested
// more than 1,000 pointers, maps and slices deep) reads as a text that names
// its type, such as "[unencodable: chan int]".
//
// v must not change meanwhile. For types in which there can be no tagged field
// JSON costs what json.Marshal costs; interfaces cost one more walk.
func JSON(v any) (raw json.RawMessage) {
	defer func() {
		if recover() != nil { // none is known to come this far
			raw = unencodable(reflect.TypeOf(v).String())
		}
	}()
	value := reflect.ValueOf(v)
	e := encoder{}
	plain := !e.secrets.holds(value)
	if plain {
		if b, ok := marshal(v); ok {
			return b
		}
	}
	e.value(value, plain)
	return e.out
}

// Has reports whether a value of type t can hold a tagged field, judged by the
// type alone: what interfaces may hold is not known, and does not count.
func Has(t reflect.Type) bool { return t != nil && infoOf(t).tagged }

// In reports whether v holds a tagged field that is not zero, interfaces
// included by what they hold. A value nested more than 1,000 pointers, maps
// and slices deep counts as one that does. v must not change meanwhile. Where [Has] is false for the type and
// it has no interfaces, In costs a look-up.
func In(v reflect.Value) bool {
	f := finder{notZero: true}
	return f.in(v, false)
}

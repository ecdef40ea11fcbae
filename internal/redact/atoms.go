package redact

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// atomic reports whether v is written as a whole: it has nothing inside it, or
// a method that writes it.
func atomic(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Interface:
		return false
	case reflect.Slice:
		return writesItself(v) || v.Type().Elem().Kind() == reflect.Uint8 && !marshals(reflect.PointerTo(v.Type().Elem()))
	case reflect.Pointer, reflect.Array, reflect.Map, reflect.Struct:
		return writesItself(v)
	}
	return true
}

// unencodable is the JSON text that stands for a value which JSON cannot hold.
func unencodable(what string) []byte { return quote("[unencodable: " + what + "]") }

// describe names the type of v, and the value where it is a number.
func describe(v reflect.Value) string {
	if v.CanFloat() {
		return fmt.Sprintf("%s %g", TypeName(v.Type()), v.Float())
	}
	return TypeName(v.Type())
}

// TypeName is the name of t as users know it: json.RawMessage is called so
// where this Go has another name for it.
func TypeName(t reflect.Type) string {
	return strings.ReplaceAll(t.String(), rawType.String(), "json.RawMessage")
}

// quote is s as a JSON text.
func quote(s string) []byte {
	b, _ := json.Marshal(s) // cannot fail for a string
	return b
}

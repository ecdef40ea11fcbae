package redact

import (
	"encoding/json"
	"reflect"
)

// Mask is what a text that is a secret reads as.
const Mask = "[redacted]"

var (
	numberType = reflect.TypeFor[json.Number]()
	rawType    = reflect.TypeFor[json.RawMessage]()
)

// masked stands for an error that is a secret.
type masked string

func (m masked) Error() string { return string(m) }

// mask sets v to what a secret of its type reads as: the mask if that is text,
// a struct with masked fields, else zero. It says nothing of the secret itself,
// not even whether it was there. Of an embedded struct that is not exported it
// masks the fields that are promoted.
func mask(v reflect.Value) {
	t := v.Type()
	if v.CanSet() {
		v.SetZero()
		if readsMask(t) {
			setText(v)
			return
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if at := v.Field(i); at.CanSet() || t.Field(i).Anonymous && at.Kind() == reflect.Struct {
				mask(at)
			}
		}
	case reflect.Array:
		for i := range t.Len() {
			mask(v.Index(i))
		}
	}
}

// readsMask reports whether a secret of type t reads as the mask.
func readsMask(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String:
		return t != numberType
	case reflect.Pointer:
		return t.Elem().Kind() == reflect.String && t.Elem() != numberType
	case reflect.Interface:
		return reflect.TypeFor[string]().Implements(t) || reflect.TypeFor[masked]().Implements(t)
	case reflect.Slice:
		return t == rawType
	}
	return false
}

func setText(v reflect.Value) {
	switch t := v.Type(); {
	case t == rawType:
		v.SetBytes([]byte(`"` + Mask + `"`))
	case t.Kind() == reflect.String:
		v.SetString(Mask)
	case t.Kind() == reflect.Pointer:
		text := reflect.New(t.Elem())
		text.Elem().SetString(Mask)
		v.Set(text.Convert(t))
	case reflect.TypeFor[string]().Implements(t):
		v.Set(reflect.ValueOf(Mask))
	default:
		v.Set(reflect.ValueOf(masked(Mask)))
	}
}

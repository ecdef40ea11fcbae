package goliteral

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
)

// byText writes a struct with unexported fields by its UnmarshalText, or returns
// nil if it has no need or no such method, or if that does not give an equal value.
func (w *writer) byText(v reflect.Value) *expr {
	t := v.Type()
	if w.show || !w.loses(v) || w.mayHide(t) {
		return nil
	}
	text, ok := w.roundTrip(v)
	if !ok || len(text) > maxWidth {
		return nil
	}
	name, why := w.name(t)
	if why != "" {
		return nil
	}
	return function("(v "+name+")", "_ = v.UnmarshalText([]byte("+strconv.Quote(text)+"))", "return")
}

// loses reports whether a struct has fields that cannot be written.
func (w *writer) loses(v reflect.Value) bool {
	for i := range v.NumField() {
		if f := v.Type().Field(i); !w.reaches(f.PkgPath) && f.Name != "_" && !v.Field(i).IsZero() {
			return true
		}
	}
	return false
}

// roundTrip returns the text of an addressable value, if the text gives an
// equal value back.
func (w *writer) roundTrip(v reflect.Value) (s string, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	m, ok := v.Addr().Interface().(encoding.TextMarshaler)
	if !ok {
		return "", false
	}
	back := reflect.New(v.Type())
	u, ok := back.Interface().(encoding.TextUnmarshaler)
	if !ok {
		return "", false
	}
	text, err := m.MarshalText()
	s = string(text)
	if err != nil || u.UnmarshalText([]byte(s)) != nil {
		return "", false
	}
	return s, w.equal(v, back.Elem())
}

// mayHide reports whether a value of type t, here, could hold a secret, which
// its text could show.
func (w *writer) mayHide(t reflect.Type) bool {
	below := w.fieldsOnly() + "."
	for _, path := range w.Redacted {
		if below == "." || strings.HasPrefix(path, below) {
			return true
		}
	}
	return holdsTagged(t, map[reflect.Type]bool{})
}

// holdsTagged reports whether a value of type t could hold a tagged field.
// What an interface holds is not known.
func holdsTagged(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Map:
		return holdsTagged(t.Key(), seen) || holdsTagged(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holdsTagged(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); tagged(f) || holdsTagged(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

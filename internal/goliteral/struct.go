package goliteral

import (
	"reflect"
	"strings"
)

// fields writes a struct by the names of its fields.
func (w *writer) fields(v reflect.Value, in context) *expr {
	t := v.Type()
	e := w.literal(t, in)
	if !e.list {
		return e
	}
	var left []string // out, and why
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		value, why := w.field(v.Field(i), f)
		switch {
		case why != "":
			left = append(left, f.Name+": "+why)
		case value != nil:
			e.items = append(e.items, item{leaf(f.Name), value})
		}
	}
	e.note = strings.Join(left, "; ")
	return e
}

// field returns what to write for a field, or why to leave it out, or nothing if it is zero.
func (w *writer) field(v reflect.Value, f reflect.StructField) (e *expr, why string) {
	settable := f.IsExported() || f.PkgPath == w.pkg
	secret := hides(f.Type)
	switch {
	case tagged(f) && settable && f.Type.Kind() == reflect.String:
		return leaf(`"[redacted]"`), ""
	case tagged(f):
		return nil, "redacted"
	case v.IsZero() && !secret:
		return nil, ""
	case !settable:
		return nil, "unexported"
	}
	if e = w.value(v, typed); e.lost {
		return nil, e.note
	}
	return e, ""
}

// tagged reports whether a field is a secret. Any saferunner tag makes it one,
// so that a misspelt one does as well.
func tagged(f reflect.StructField) bool {
	_, ok := f.Tag.Lookup("saferunner")
	return ok
}

// hides reports whether a value of type t itself holds a secret, so that even
// its being zero is not to be shown.
func hides(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hides(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); tagged(f) || hides(f.Type) {
				return true
			}
		}
	}
	return false
}

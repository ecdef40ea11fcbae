package goliteral

import (
	"reflect"
	"slices"
	"strings"
)

// fields writes a struct by the names of its fields.
func (w *writer) fields(v reflect.Value, in context) *expr {
	t := v.Type()
	if e := w.byText(v); e != nil {
		return e
	}
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
		w.enter(f.Name)
		value, why := w.field(v.Field(i), f)
		w.leave()
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
	settable := w.reaches(f.PkgPath)
	switch {
	case w.secret(f) && !settable:
		w.lose("redacted and unexported")
		return nil, "redacted"
	case w.secret(f):
		w.losses = append(w.losses, Loss{w.where(), "redacted", true})
		if f.Type.Kind() == reflect.String {
			return leaf(`"[redacted]"`), ""
		}
		return nil, "redacted"
	case v.IsZero() && !w.hides(f.Type):
		return nil, ""
	case !settable:
		w.lose("unexported")
		return nil, "unexported"
	}
	if e = w.value(v, typed); e.lost {
		return nil, e.note
	}
	return e, ""
}

// secret reports whether a field that was entered is a secret. Any saferunner
// tag makes it one, so that a misspelt one does as well.
func (w *writer) secret(f reflect.StructField) bool {
	return tagged(f) || slices.Contains(w.Redacted, w.fieldsOnly())
}

func tagged(f reflect.StructField) bool {
	_, ok := f.Tag.Lookup("saferunner")
	return ok
}

// hides reports whether a value of type t, here, itself holds a secret, so that
// even its being zero is not to be shown.
func (w *writer) hides(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && w.hides(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			w.enter(f.Name)
			found := w.secret(f) || w.hides(f.Type)
			w.leave()
			if found {
				return true
			}
		}
	}
	return false
}

// Package goliteral writes values as Go source, so that a failing test can
// print the lines that would make it right.
//
// Structs are written with field names and without their zero fields. What fits
// stays on one line of about 100 columns; the rest is broken over lines as gofmt
// leaves them. Some values are written by what they mean:
//
//   - time.Time as time.Date in UTC, whatever its zone: the same instant;
//   - time.Duration in its largest whole unit, 5 * time.Second;
//   - addresses and prefixes of net/netip by MustParse, *big.Int by NewInt;
//   - pointers to what has no composite literal by new, as of Go 1.26: new(5).
//
// A struct field with a saferunner tag is never written: it reads "[redacted]"
// if it is a string, and is left out otherwise, with a comment.
//
// What cannot be written becomes nil or is left out, with a comment that says
// why: functions, channels and unsafe pointers that are not nil, unexported
// fields and types of other packages, cycles, what lies more than 20 levels
// deep (a pointer is a level), and what comes after the first 10,000 values. Types declared inside a
// function are written by their name, which means something only there.
package goliteral

import (
	"reflect"
	"unsafe"
)

const (
	maxDepth  = 20
	maxValues = 10_000
)

// Value returns v as a Go expression of v's type, or of its dynamic type if v
// is an interface, as it would be written in the package with the import path
// pkg: names of that package are not qualified, others are by their package's
// name. An empty pkg qualifies all. The invalid Value is nil.
//
// It never panics and calls no method of the value, other than those of the
// standard library's types above. It reads v's memory without synchronization.
func Value(v reflect.Value, pkg string) string {
	w := writer{types: types{pkg: pkg}, left: maxValues, open: map[visit]bool{}}
	return layout(w.value(v, exact))
}

// context is what surrounds an expression, and so what it may leave unsaid.
type context int

const (
	exact   context = iota // nothing gives the expression its type
	typed                  // it is assigned to something of its type
	element                // the same, inside a composite literal of its type
)

// writer makes the expressions of one value.
type writer struct {
	types
	depth int
	left  int            // how many more values may be written
	open  map[visit]bool // what is being written: to meet it again is a cycle
}

type visit struct {
	at  unsafe.Pointer
	len int
	typ reflect.Type
}

func (w *writer) value(v reflect.Value, in context) *expr {
	if !v.IsValid() {
		return leaf("nil")
	}
	v, ok := readable(v)
	if !ok {
		return w.lost(v.Type(), in, "reached through an unexported field")
	}
	if v.Kind() == reflect.Interface {
		return w.value(v.Elem(), exact)
	}
	w.left--
	if constant, ok := w.constant(v, in); ok {
		return constant
	}
	if nilable(v.Kind()) && v.IsNil() {
		return w.none(v.Type(), in)
	}
	w.depth++
	defer func() { w.depth-- }()
	switch {
	case w.left < 0:
		return w.lost(v.Type(), in, "more values than are written")
	case w.depth > maxDepth:
		return w.lost(v.Type(), in, "too deep to be written")
	}
	if text, ok := standard(v); ok {
		return leaf(text)
	}
	return w.composed(v, in)
}

// composed writes what holds or refers to other values.
func (w *writer) composed(v reflect.Value, in context) *expr {
	switch v.Kind() {
	case reflect.Struct:
		return w.fields(v, in)
	case reflect.Array:
		return w.elements(v, in)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		at := visit{at: v.UnsafePointer(), typ: v.Type()}
		if v.Kind() != reflect.Pointer {
			at.len = v.Len()
		}
		if w.open[at] {
			return w.lost(v.Type(), in, "a cycle")
		}
		w.open[at] = true
		defer delete(w.open, at)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return w.pointer(v, in)
	case reflect.Slice:
		return w.elements(v, in)
	case reflect.Map:
		return w.entries(v, in)
	}
	return w.lost(v.Type(), in, v.Kind().String()+": not a value that can be written")
}

const unnamed = "its type cannot be named here"

// none writes the nil of a type.
func (w *writer) none(t reflect.Type, in context) *expr {
	if in != exact {
		return leaf("nil")
	}
	name, ok := w.name(t)
	if !ok {
		return w.lost(t, in, unnamed)
	}
	if t.Name() == "" && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Func || t.Kind() == reflect.Chan) {
		name = "(" + name + ")"
	}
	return leaf(name + "(nil)")
}

// lost writes something in place of what cannot be written, and says why.
func (w *writer) lost(t reflect.Type, in context, why string) *expr {
	e := &expr{body: "nil", note: why, lost: true}
	if k := t.Kind(); k == reflect.Struct || k == reflect.Array {
		if opening, ok := w.opening(t, in); ok {
			e.head, e.body, e.tail, e.list = opening, "", "}", true
		}
	}
	return e
}

func nilable(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return true
	}
	return false
}

// readable returns v free of the restrictions that reflection puts on unexported
// fields, and addressable, so that its own fields can be freed as well.
func readable(v reflect.Value) (reflect.Value, bool) {
	switch {
	case v.CanAddr() && !v.CanInterface():
		return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem(), true
	case v.CanAddr():
		return v, true
	case !v.CanInterface():
		return v, false
	case v.Kind() != reflect.Struct && v.Kind() != reflect.Array:
		return v, true // what it refers to is addressable, or not restricted
	}
	free := reflect.New(v.Type()).Elem()
	free.Set(v)
	return free, true
}

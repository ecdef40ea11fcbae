// Package goliteral writes values as Go source, so that a failing test can
// print the lines that would make it right.
//
// Structs are written with field names and without their zero fields. What fits
// stays on one line of about 100 columns; the rest is broken over lines as gofmt
// leaves them. Some values are written by what they mean:
//
//   - time.Time as time.Date in UTC, whatever its zone: the same instant;
//   - time.Duration in its largest whole unit, 5 * time.Second;
//   - types of the standard library without exported fields by the function that
//     makes them, as netip.MustParseAddr and big.NewInt;
//   - types with unexported fields by UnmarshalText, where that gives an equal
//     value back;
//   - pointers to what has no composite literal by new, as of Go 1.26: new(5).
//
// A struct field with a saferunner tag is never written: it reads "[redacted]"
// if it is a string, and is left out otherwise, with a comment.
//
// [Writer.Value] writes for the compiler. What cannot be written becomes nil or
// is left out, with a comment that says why, and is a [Loss]: functions and
// channels that are not nil, unexported fields and types of other packages,
// cycles, map keys that equal only themselves, what lies more than 20 levels
// deep (a pointer is a level), and what comes after the first 10,000 values or
// the first MiB of text.
//
// [Writer.Show] writes for a reader: it names everything, and cuts what is long.
package goliteral

import (
	"path"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"github.com/saferunner/saferunner/internal/message"
)

const (
	maxDepth  = 20
	maxValues = 10_000
	maxText   = 1 << 20
)

// Writer writes values as source of one Go file. It is not safe for concurrent
// use.
type Writer struct {
	File
	Redacted []string                           // fields that are not shown, besides the tagged ones: their Go names from the value on, with dots
	Equal    func(a, b reflect.Value) bool      // how values will be compared with what was written; nil: reflect.DeepEqual
	Own      func(reflect.Value) (string, bool) // what a value says of itself, for Show
}

// Loss is a part of a value that was not written.
type Loss struct {
	Path, Why string // which field or element, and why
	Secret    bool   // it is redacted
}

// Value returns v as a Go expression of v's type, or of its dynamic type if v
// is an interface, and what is missing from it. Without a Loss the expression
// compiles in the file, and gives a value equal to v. If assigned is set, the
// expression stands where the surroundings give it its type, as the argument of
// a function. The invalid Value is nil.
//
// It never panics. It calls Equal, and the methods MarshalText and UnmarshalText
// of values with unexported fields. It reads v's memory without synchronization.
func (w *Writer) Value(v reflect.Value, assigned bool) (source string, losses []Loss) {
	in := exact
	if assigned && v.IsValid() && v.Kind() != reflect.Interface {
		in = typed
	}
	work := w.work(maxValues, maxText)
	source = layout(work.value(v, in))
	work.checkPredeclared(source)
	return source, work.losses
}

// checkPredeclared looks whether the names of the language mean here what they
// do elsewhere.
func (w *writer) checkPredeclared(source string) {
	for _, name := range []string{"nil", "new", "any", "true", "false", "byte", "complex"} {
		if !w.means(name, Predeclared) && regexp.MustCompile(`\b`+name+`\b`).MatchString(source) {
			w.lose(name + " is something else where this would stand")
		}
	}
}

// Show returns v for a reader: unexported fields and types are named, a function
// reads as its name, and what Own returns stands for a value. Long text and long
// lists are cut. It never panics and adds no imports.
func (w *Writer) Show(v reflect.Value) string {
	work := w.work(maxShown, maxText)
	work.show = true
	return layout(work.value(v, exact))
}

const maxShown = 300

func (w *Writer) work(values, text int) *writer {
	return &writer{types: types{file: &w.File}, Writer: w, left: values, text: text, open: map[visit]bool{}}
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
	*Writer
	depth  int
	left   int            // how many more values may be written
	text   int            // how much more text
	open   map[visit]bool // what is being written: to meet it again is a cycle
	path   []string       // to what is being written: fields, and elements in brackets
	losses []Loss
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
	if own, ok := w.own(v); ok {
		return leaf(own)
	}
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
	if message.Is(v.Type()) || message.IsValue(v.Type()) {
		return w.message(v, in)
	}
	if e := w.standard(v); e != nil {
		return e
	}
	return w.composed(v, in)
}

// message stands for a protobuf message, whose fields are of no use.
func (w *writer) message(v reflect.Value, in context) *expr {
	const what = "a protobuf message"
	if w.show {
		return leaf(v.Type().String() + " " + comment(what))
	}
	return w.lost(v.Type(), in, what)
}

// own is what a reader is shown in place of v.
func (w *writer) own(v reflect.Value) (string, bool) {
	if !w.show || w.Own == nil {
		return "", false
	}
	return w.Own(v)
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
	if w.show {
		return leaf(reference(v))
	}
	return w.lost(v.Type(), in, v.Kind().String()+": not a value that can be written")
}

// reference shows a function, channel or unsafe pointer that is not nil.
func reference(v reflect.Value) string {
	if v.Kind() == reflect.Func {
		if f := runtime.FuncForPC(v.Pointer()); f != nil {
			return "func " + path.Base(f.Name())
		}
	}
	return "a " + v.Type().String()
}

// none writes the nil of a type.
func (w *writer) none(t reflect.Type, in context) *expr {
	if in != exact {
		return leaf("nil")
	}
	name, why := w.name(t)
	if why != "" {
		return w.lost(t, in, why)
	}
	if t.Name() == "" && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Func || t.Kind() == reflect.Chan) {
		name = "(" + name + ")"
	}
	return leaf(name + "(nil)")
}

// lost writes something in place of what cannot be written, and says why.
func (w *writer) lost(t reflect.Type, in context, why string) *expr {
	w.lose(why)
	e := &expr{body: "nil", note: why, lost: true}
	if k := t.Kind(); k == reflect.Struct || k == reflect.Array {
		if opening, why := w.opening(t, in); why == "" {
			e.head, e.body, e.tail, e.list = opening, "", "}", true
		}
	}
	return e
}

func (w *writer) lose(why string) {
	w.losses = append(w.losses, Loss{Path: w.where(), Why: why})
}

// where is the path to what is being written.
func (w *writer) where() string {
	return strings.TrimPrefix(strings.ReplaceAll(strings.Join(w.path, "."), ".[", "["), ".")
}

// fieldsOnly is the path without elements.
func (w *writer) fieldsOnly() string {
	names := slices.DeleteFunc(slices.Clone(w.path), func(s string) bool { return strings.HasPrefix(s, "[") })
	return strings.Join(names, ".")
}

func (w *writer) enter(step string) { w.path = append(w.path, step) }
func (w *writer) leave()            { w.path = w.path[:len(w.path)-1] }

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

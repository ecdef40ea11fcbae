package redact

import (
	"encoding/json"
	"reflect"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

// maxRepeats bounds how often the encoder writes pointers, maps and slices that
// it wrote before: what is shared can grow exponentially.
const maxRepeats = 1_000

// encoder writes values that encoding/json cannot, by their fields. The values
// are copies without secrets, so that it may show all it finds.
type encoder struct {
	out     []byte
	depth   int
	repeats int
	open    map[visit]bool // what is being written, and false for what was
}

// value writes v. plain says that json.Marshal failed on something that v is part of.
func (e *encoder) value(n *node, v reflect.Value, plain bool) {
	switch {
	case !v.IsValid():
		e.text("null")
		return
	case n.message && !isNil(v):
		e.message(n, v)
		return
	case n.failure && !isNil(v) && e.failure(v):
		return
	case !plain && !n.has.any():
		if b, ok := marshalValue(v); ok {
			e.out = append(e.out, b...)
			return
		}
		plain = true
	}
	if atomic(v) {
		e.atom(v)
		return
	}
	e.inside(n, v, plain)
}

func (e *encoder) message(n *node, v reflect.Value) {
	b := showMessage(n, v)
	if b == nil {
		b = unencodable(TypeName(v.Type()))
	}
	e.out = append(e.out, b...)
}

// failure writes the error v as its text, and is false if its method panics.
func (e *encoder) failure(v reflect.Value) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	err, ok := reflect.TypeAssert[error](v)
	if ok {
		e.out = append(e.out, quote(err.Error())...)
	}
	return ok
}

func (e *encoder) text(s string) { e.out = append(e.out, s...) }

// atom writes a value that is not looked into.
func (e *encoder) atom(v reflect.Value) {
	b, ok := marshalValue(v)
	if !ok {
		b = unencodable(describe(v))
	}
	e.out = append(e.out, b...)
}

// inside writes a value that is looked into.
func (e *encoder) inside(n *node, v reflect.Value, plain bool) {
	if problem := e.enter(n, v); problem != "" {
		e.out = append(e.out, unencodable(TypeName(v.Type())+", "+problem)...)
		return
	}
	defer e.leave(n, v)
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			e.text("null")
			return
		}
		n = nodeOf(v.Elem().Type())
		e.value(n, v.Elem(), plain && !n.has.any())
	case reflect.Pointer:
		e.value(n.elem, v.Elem(), plain)
	case reflect.Slice, reflect.Array:
		e.list(n, v, plain)
	case reflect.Map:
		e.mapping(n, v, plain)
	case reflect.Struct:
		e.structure(n, v, plain)
	default:
		e.atom(v)
	}
}

// enter returns why v is not looked into, if it is not.
func (e *encoder) enter(n *node, v reflect.Value) (problem string) {
	at, ok := visited(n, v)
	if !ok {
		return ""
	}
	open, again := e.open[at]
	switch {
	case open:
		return "a cycle"
	case e.depth >= maxDepth:
		return "nested too deep"
	case again && e.repeats >= maxRepeats:
		return "repeated too often"
	case again:
		e.repeats++
	}
	if e.open == nil {
		e.open = map[visit]bool{}
	}
	e.open[at] = true
	e.depth++
	return ""
}

func (e *encoder) leave(n *node, v reflect.Value) {
	if at, ok := visited(n, v); ok {
		e.open[at] = false
		e.depth--
	}
}

func (e *encoder) list(n *node, v reflect.Value, plain bool) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.text("null")
		return
	}
	e.text("[")
	for i := range v.Len() {
		if i > 0 {
			e.text(",")
		}
		e.value(n.elem, v.Index(i), plain)
	}
	e.text("]")
}

func (e *encoder) structure(n *node, v reflect.Value, plain bool) {
	fields := n.shown()
	e.text("{")
	first := true
	for i := range fields {
		f := &fields[i]
		at, ok := f.Reach(v)
		if !ok || omitted(&f.Field, at) {
			continue
		}
		if !first {
			e.text(",")
		}
		first = false
		e.out = append(e.out, f.key...)
		switch {
		case f.secret && readsMask(f.Type):
			e.out = append(e.out, quote(Mask)...)
		case f.secret:
			e.atom(at)
		case f.Quoted:
			e.quoted(at)
		default:
			e.value(f.node, at, plain)
		}
	}
	e.text("}")
}

// omitted is false where a method IsZero panics: showing more is safe here.
func omitted(f *jsonfields.Field, v reflect.Value) (omit bool) {
	defer func() {
		if recover() != nil {
			omit = false
		}
	}()
	return f.Omitted(v)
}

// quoted writes a number, bool or string as the JSON option "string" asks for.
func (e *encoder) quoted(v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			e.text("null")
			return
		}
		v = v.Elem()
	}
	b, ok := marshalValue(v)
	switch {
	case !ok:
		b = unencodable(describe(v))
	case !writesItself(v):
		b = quote(string(b)) // of a string, what is quoted already is quoted again
	}
	e.out = append(e.out, b...)
}

// marshalValue writes v as encoding/json does where v stands: addressable or not.
func marshalValue(v reflect.Value) ([]byte, bool) {
	switch {
	case !v.CanInterface():
		return nil, false
	case v.CanAddr() && v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface:
		return marshal(v.Addr().Interface())
	}
	return marshal(v.Interface())
}

// marshal is json.Marshal, but does not panic where a method of v's types does.
func marshal(v any) (b []byte, ok bool) {
	defer func() {
		if recover() != nil {
			b, ok = nil, false
		}
	}()
	b, err := json.Marshal(v)
	return b, err == nil
}

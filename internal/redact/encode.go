package redact

import (
	"encoding/json"
	"reflect"
)

const (
	redacted = `"[redacted]"`

	// maxRepeats bounds how often pointers, maps and slices are written that
	// were written before: what is shared can grow exponentially.
	maxRepeats = 1_000
)

// encoder writes values by their fields.
type encoder struct {
	out     []byte
	secrets finder
	depth   int
	repeats int
	open    map[visit]bool // what is being written, and false for what was
}

// value writes v. plain says that nothing in v is secret, and that
// json.Marshal failed on something that v is part of.
func (e *encoder) value(v reflect.Value, plain bool) {
	if !v.IsValid() {
		e.text("null")
		return
	}
	if !plain && !e.secrets.holds(v) {
		plain = true
		if b, ok := marshalValue(v); ok {
			e.out = append(e.out, b...)
			return
		}
	}
	if plain && atomic(v) {
		e.atom(v)
		return
	}
	e.inside(v, plain)
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
func (e *encoder) inside(v reflect.Value, plain bool) {
	if problem := e.enter(v); problem != "" {
		e.out = append(e.out, unencodable(v.Type().String()+", "+problem)...)
		return
	}
	defer e.leave(v)
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		e.value(v.Elem(), plain)
	case reflect.Slice, reflect.Array:
		e.list(v, plain)
	case reflect.Map:
		e.mapping(v, plain)
	case reflect.Struct:
		e.structure(v, plain)
	default:
		e.atom(v)
	}
}

// enter returns why v is not looked into, if it is not.
func (e *encoder) enter(v reflect.Value) (problem string) {
	at, ok := visited(v)
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

func (e *encoder) leave(v reflect.Value) {
	if at, ok := visited(v); ok {
		e.open[at] = false
		e.depth--
	}
}

func (e *encoder) list(v reflect.Value, plain bool) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		e.text("null")
		return
	}
	e.text("[")
	for i := range v.Len() {
		if i > 0 {
			e.text(",")
		}
		e.value(v.Index(i), plain)
	}
	e.text("]")
}

func (e *encoder) structure(v reflect.Value, plain bool) {
	fields := infoOf(v.Type()).fields()
	e.text("{")
	first := true
	for i := range fields {
		f := &fields[i]
		at, ok := f.Reach(v)
		if !ok || omitted(f, at) {
			continue
		}
		if !first {
			e.text(",")
		}
		first = false
		e.out = append(e.out, f.key...)
		switch {
		case f.redacted:
			e.text(redacted)
		case f.Quoted:
			e.quoted(at)
		default:
			e.value(at, plain)
		}
	}
	e.text("}")
}

// omitted is false where a method IsZero panics: showing more is safe here.
func omitted(f *field, v reflect.Value) (omit bool) {
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

package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

type encoder struct {
	support *message.Support
	depth   int
}

var null = json.RawMessage("null")

func (e *encoder) encode(v reflect.Value) (json.RawMessage, error) {
	t := v.Type()
	if message.IsValue(t) {
		v = pointerTo(v)
		t = v.Type()
	}
	switch {
	case message.Is(t) && v.IsNil():
		return null, nil
	case message.Is(t):
		return e.support.Marshal(v.Interface())
	case !(&search{}).finds(v):
		return json.Marshal(pointerTo(v).Interface())
	}
	if e.depth++; e.depth > maxDepth {
		return nil, fmt.Errorf("%v nests too deep for JSON, or holds itself; refer back by an ID", t)
	}
	defer func() { e.depth-- }()
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return null, nil
		}
		return e.encode(v.Elem())
	case reflect.Struct:
		s := standinOf(t)
		dst := reflect.New(s.typ)
		if err := e.fill(s, dst.Elem(), v); err != nil {
			return nil, err
		}
		return json.Marshal(dst.Interface())
	case reflect.Map:
		return e.mapping(v)
	}
	if t.Kind() == reflect.Slice && v.IsNil() {
		return null, nil
	}
	all := make([]json.RawMessage, v.Len())
	for i := range all {
		var err error
		if all[i], err = e.encode(v.Index(i)); err != nil {
			return nil, at(fmt.Sprintf("[%d]", i), err)
		}
	}
	return json.Marshal(all)
}

func (e *encoder) mapping(v reflect.Value) (json.RawMessage, error) {
	if v.IsNil() {
		return null, nil
	}
	all := reflect.MakeMapWithSize(reflect.MapOf(v.Type().Key(), rawType), v.Len())
	for entries := v.MapRange(); entries.Next(); {
		text, err := e.encode(entries.Value())
		if err != nil {
			return nil, at("[…]", err)
		}
		all.SetMapIndex(entries.Key(), reflect.ValueOf(text))
	}
	return json.Marshal(all.Interface())
}

// fill sets the stand-in dst to what src holds.
func (e *encoder) fill(s *standin, dst, src reflect.Value) error {
	for i, p := range s.parts {
		to, from := dst.Field(i), src.Field(p.index)
		if err := e.part(p, to, from); err != nil {
			return at("."+src.Type().Field(p.index).Name, err)
		}
	}
	return nil
}

func (e *encoder) part(p part, to, from reflect.Value) error {
	switch p.how {
	case same:
		to.Set(from)
		return nil
	case embedded:
		if from.Kind() != reflect.Pointer {
			return e.fill(p.embedded, to, from)
		}
		if from.IsNil() {
			return nil
		}
		to.Set(reflect.New(p.embedded.typ))
		return e.fill(p.embedded, to.Elem(), from.Elem())
	case loose:
		if from.IsNil() {
			return nil
		}
		if !(&search{}).finds(from.Elem()) {
			to.Set(from)
			return nil
		}
	case raw:
		if p.omit && isEmpty(from) || p.omitZero && isZero(from) {
			return nil // nil raw JSON is left out too
		}
	}
	text, err := e.encode(from)
	if err == nil {
		to.Set(reflect.ValueOf(text))
	}
	return err
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array:
		return v.Len() == 0
	}
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func isZero(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return z.IsZero()
	}
	if z, ok := pointerTo(v).Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// pointerTo returns the address of v, or of a copy of it.
func pointerTo(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v.Addr()
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p
}

// pathError is an error with the way to the value that it is about.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// at puts step before the path of err.
func at(step string, err error) error {
	if inner := (*pathError)(nil); errors.As(err, &inner) {
		return &pathError{step + inner.path, inner.err}
	}
	return &pathError{step, err}
}

package payload

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"

	"github.com/saferunner/saferunner/internal/message"
)

// kind says whether values of a type can hold messages that encoding/json
// would see.
type kind int

const (
	never kind = iota
	maybe      // in an interface
	holds      // by type
)

var kinds sync.Map // reflect.Type to kind

func kindOf(t reflect.Type) kind {
	if k, ok := kinds.Load(t); ok {
		return k.(kind)
	}
	k := look(t, map[reflect.Type]bool{})
	kinds.Store(t, k)
	return k
}

func look(t reflect.Type, seen map[reflect.Type]bool) kind {
	if message.Is(t) || message.IsValue(t) {
		return holds
	}
	if seen[t] || encodesItself(t) {
		return never
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return maybe
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return look(t.Elem(), seen)
	case reflect.Struct:
		k := never
		for i := range t.NumField() {
			if f := t.Field(i); encoded(f) {
				k = max(k, look(f.Type, seen))
			}
		}
		return k
	}
	return never
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// encodesItself reports whether t or a pointer to it has a method by which it
// is encoded.
func encodesItself(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshaler) || p.Implements(textMarshaler) || t.Implements(jsonMarshaler) || t.Implements(textMarshaler)
}

// encoded reports whether encoding/json looks at a field.
func encoded(f reflect.StructField) bool {
	if f.Tag.Get("json") == "-" {
		return false
	}
	t := f.Type
	if f.Anonymous && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return f.IsExported() || f.Anonymous && t.Kind() == reflect.Struct
}

// search looks for a message in a value.
type search struct {
	depth int
}

func (s *search) finds(v reflect.Value) bool {
	switch kindOf(v.Type()) {
	case never:
		return false
	case holds:
		return true
	}
	if s.depth++; s.depth > maxDepth {
		return false // a cycle or nearly so, which encoding/json refuses
	}
	defer func() { s.depth-- }()
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return !v.IsNil() && s.finds(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if s.finds(v.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if s.finds(entries.Value()) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if encoded(v.Type().Field(i)) && s.finds(v.Field(i)) {
				return true
			}
		}
	}
	return false
}

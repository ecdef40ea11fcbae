package redact

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// entry is an entry of a map under its key in JSON.
type entry struct {
	key   string
	value reflect.Value
}

// mapping writes a map as encoding/json does, sorted by its keys.
func (e *encoder) mapping(n *node, v reflect.Value, plain bool) {
	switch {
	case !keyable(v.Type().Key()):
		e.out = append(e.out, unencodable(TypeName(v.Type()))...)
		return
	case v.IsNil():
		e.text("null")
		return
	}
	entries := make([]entry, 0, v.Len())
	for m := v.MapRange(); m.Next(); {
		entries = append(entries, entry{keyText(m.Key()), m.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	e.text("{")
	for i, entry := range entries {
		if i > 0 {
			e.text(",")
		}
		e.out = append(append(e.out, quote(entry.key)...), ':')
		e.value(n.elem, entry.value, plain)
	}
	e.text("}")
}

// keyable reports whether encoding/json writes maps with keys of type t.
func keyable(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr || t.Implements(textMarshal)
}

// keyText is the key k as encoding/json writes it.
func keyText(k reflect.Value) (text string) {
	defer func() {
		if recover() != nil {
			text = "[unencodable: " + TypeName(k.Type()) + "]"
		}
	}()
	if k.Kind() == reflect.String {
		return k.String()
	}
	if m, ok := k.Interface().(encoding.TextMarshaler); ok {
		if k.Kind() == reflect.Pointer && k.IsNil() {
			return ""
		}
		b, err := m.MarshalText()
		if err != nil {
			return "[unencodable: " + TypeName(k.Type()) + "]"
		}
		return string(b)
	}
	if k.CanInt() {
		return strconv.FormatInt(k.Int(), 10)
	}
	return strconv.FormatUint(k.Uint(), 10)
}

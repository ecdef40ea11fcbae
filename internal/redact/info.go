package redact

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

// info is what the type alone says.
type info struct {
	tagged    bool // a field tagged as a secret is reachable by type
	open      bool // an interface is, and it can hold anything
	marshaler bool // the type, or a pointer to it, has a method that writes it

	all    []member // of a struct: its own fields
	fields func() []field
}

// member is a field of a struct as Go sees it.
type member struct {
	tagged  bool
	visible bool // exported or embedded
}

// field is a field of a struct as JSON shows it.
type field struct {
	jsonfields.Field
	key      []byte // the name in JSON, with its colon
	redacted bool   // it, or an embedded struct that it is promoted from, is tagged
}

var infos sync.Map // of *info, by reflect.Type

func infoOf(t reflect.Type) *info {
	if i, ok := infos.Load(t); ok {
		return i.(*info)
	}
	i := &info{marshaler: marshals(t) || marshals(reflect.PointerTo(t))}
	i.look(t, map[reflect.Type]bool{})
	if t.Kind() == reflect.Struct {
		for n := range t.NumField() {
			sf := t.Field(n)
			i.all = append(i.all, member{tagged: Tagged(sf), visible: sf.IsExported() || sf.Anonymous})
		}
		i.fields = sync.OnceValue(func() []field { return fieldsOf(t) })
	}
	actual, _ := infos.LoadOrStore(t, i)
	return actual.(*info)
}

// look notes what can be reached from t: through fields, exported or not, and
// pointers, elements and keys.
func (i *info) look(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		i.open = true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		i.look(t.Elem(), seen)
	case reflect.Map:
		i.look(t.Key(), seen)
		i.look(t.Elem(), seen)
	case reflect.Struct:
		for n := range t.NumField() {
			sf := t.Field(n)
			i.tagged = i.tagged || Tagged(sf)
			i.look(sf.Type, seen)
		}
	}
}

// Tagged reports whether a field is tagged `saferunner:"redact"`, among other
// options or alone.
func Tagged(sf reflect.StructField) bool {
	for option := range strings.SplitSeq(sf.Tag.Get("saferunner"), ",") {
		if strings.TrimSpace(option) == "redact" {
			return true
		}
	}
	return false
}

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

func marshals(t reflect.Type) bool { return t.Implements(marshaler) || t.Implements(textMarshaler) }

func fieldsOf(t reflect.Type) []field {
	var fields []field
	for _, f := range jsonfields.Of(t).Fields {
		fields = append(fields, field{Field: f, key: append(quote(f.Name), ':'), redacted: redactedOn(t, f.Index)})
	}
	return fields
}

// redactedOn reports whether a field on the way along index is tagged.
func redactedOn(t reflect.Type, index []int) bool {
	for _, x := range index {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		sf := t.Field(x)
		if Tagged(sf) {
			return true
		}
		t = sf.Type
	}
	return false
}

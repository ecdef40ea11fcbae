package redact

import (
	"reflect"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

// shownField is a field of a struct as JSON shows it, perhaps promoted from an
// embedded struct.
type shownField struct {
	jsonfields.Field
	key    []byte // the name in JSON, with its colon
	node   *node
	secret bool // it, or an embedded struct that it is promoted from
}

func (n *node) shownFields() []shownField {
	var fields []shownField
	for _, f := range jsonfields.Of(n.typ).Fields {
		shown := shownField{Field: f, key: append(quote(f.Name), ':'), node: n}
		for _, x := range f.Index {
			if shown.node.typ.Kind() == reflect.Pointer {
				shown.node = shown.node.elem
			}
			own := &shown.node.fields[x]
			shown.node, shown.secret = own.node, shown.secret || own.secret
		}
		fields = append(fields, shown)
	}
	return fields
}

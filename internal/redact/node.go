package redact

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/saferunner/saferunner/internal/message"
)

// node is a type at a place of the paths that a task redacts.
type node struct {
	typ    reflect.Type
	fields []field // of a struct: its own ones
	elem   *node   // of a pointer, slice, array or map
	key    *node   // of a map

	message bool     // a protobuf message, by pointer or by value
	below   []string // the paths that are redacted in a message
	failure bool     // an error without a JSON form of its own
	writes  bool     // it, or a pointer to it, has a method that can show what it holds

	has   reach // itself included
	shown func() []shownField
}

// field is a field of a struct.
type field struct {
	name     string
	node     *node
	secret   bool
	exported bool
	embedded bool // a struct or a pointer to one, whose fields can be promoted
}

// reach is what can be found in values of a type, by following its fields,
// pointers, elements and keys.
type reach struct {
	secret  bool // a field that is a secret
	open    bool // an interface, which can hold anything
	loop    bool // a type that leads to itself, so that a value can be a cycle
	failure bool // a type that is an error
	message bool // a protobuf message
}

// any reports whether a value has to be looked at before encoding/json may have it.
func (r reach) any() bool { return r != reach{} }

func (r reach) with(o reach) reach {
	return reach{r.secret || o.secret, r.open || o.open, r.loop || o.loop, r.failure || o.failure, r.message || o.message}
}

// place is where a node stands.
type place struct {
	typ reflect.Type
	way *way
}

// builder makes the nodes of one plan.
type builder struct {
	nodes map[place]*node
	order []*node // innermost first
	open  map[*node]bool
	met   []bool // the paths that lead somewhere
	err   error
}

func (b *builder) node(t reflect.Type, w *way) *node {
	at := place{t, w}
	if n, ok := b.nodes[at]; ok {
		if b.open[n] {
			n.has.loop = true
		}
		return n
	}
	n := &node{typ: t, writes: hasWriter(t)}
	n.shown = sync.OnceValue(n.shownFields)
	b.nodes[at] = n
	if b.open == nil {
		b.open = map[*node]bool{}
	}
	b.open[n] = true
	if isMessage(t) {
		n.message, n.has.message = true, true
		n.below = w.paths()
	}
	n.failure = t.Kind() != reflect.Interface && t.Implements(errorType) && !marshals(t)
	n.has.failure = n.failure
	b.inside(n, w)
	delete(b.open, n)
	b.order = append(b.order, n)
	return n
}

func (b *builder) inside(n *node, w *way) {
	t := n.typ
	switch t.Kind() {
	case reflect.Interface:
		n.has.open = true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		n.elem = b.node(t.Elem(), w)
	case reflect.Map:
		n.key = b.node(t.Key(), nil)
		n.elem = b.node(t.Elem(), w)
	case reflect.Struct:
		ways := w.byField(t)
		n.fields = make([]field, t.NumField())
		for i := range n.fields {
			if n.message && !t.Field(i).IsExported() && ways[i] == nil {
				continue // the machinery of protobuf
			}
			if _, ok := t.Field(i).Tag.Lookup("protobuf_oneof"); ok && n.message {
				b.meet(ways[i]) // a member, which only the support for messages knows
			}
			n.fields[i] = b.field(t, i, ways[i])
			n.has.secret = n.has.secret || n.fields[i].secret
		}
	}
}

func (b *builder) field(t reflect.Type, i int, w *way) field {
	sf := t.Field(i)
	if problem := tagProblem(sf); problem != "" && b.err == nil {
		b.err = fmt.Errorf("field %s of %s: %s", sf.Name, t, problem)
	}
	f := field{name: sf.Name, secret: Tagged(sf), exported: sf.IsExported(), embedded: sf.Anonymous && isStruct(sf.Type)}
	if w != nil && len(w.ends) > 0 {
		f.secret = true
		for _, path := range w.ends {
			b.met[path] = true
		}
	}
	f.node = b.node(sf.Type, w)
	return f
}

// meet notes that all paths from w on lead somewhere.
func (b *builder) meet(w *way) {
	if w == nil {
		return
	}
	for _, path := range w.ends {
		b.met[path] = true
	}
	for _, next := range w.next {
		b.meet(next)
	}
}

// isMessage is a variable for tests, which have no protobuf.
var isMessage = func(t reflect.Type) bool { return message.Is(t) || message.IsValue(t) }

func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// spread tells each node what can be reached from it.
func (b *builder) spread() {
	for changed := true; changed; {
		changed = false
		for _, n := range b.order {
			before := n.has
			for _, inner := range []*node{n.elem, n.key} {
				if inner != nil && !n.message {
					n.has = n.has.with(inner.has)
				}
			}
			for _, f := range n.fields {
				if !n.message {
					n.has = n.has.with(f.node.has)
				}
			}
			changed = changed || n.has != before
		}
	}
}

var (
	errorType    = reflect.TypeFor[error]()
	marshaler    = reflect.TypeFor[json.Marshaler]()
	textMarshal  = reflect.TypeFor[encoding.TextMarshaler]()
	textAppender = reflect.TypeFor[encoding.TextAppender]()
)

// marshals reports whether encoding/json, of this Go or another, may write a t
// by a method.
func marshals(t reflect.Type) bool {
	if t.Implements(marshaler) || t.Implements(textMarshal) || t.Implements(textAppender) {
		return true
	}
	_, ok := t.MethodByName("MarshalJSONTo")                           // of encoding/json/v2
	return ok && t != numberType && t != reflect.PointerTo(numberType) // which have it, but not always
}

// hasWriter reports whether t or a pointer to it has a method that can show
// what is in its unexported fields.
func hasWriter(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	return marshals(p) || p.Implements(errorType)
}

package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// DecodeError returns err, from decoding payload into a value of the plan's
// type, as it may be written down. Decoders, and methods such as UnmarshalText,
// quote what they cannot read. So where the type can hold secrets the error is
// replaced by one that names the place in the payload, the JSON type found
// there and the Go type wanted, and nothing that stands in the payload but the
// names of fields. The new error does not wrap err.
//
// A field that the type does not have is told as encoding/json does: "json:
// unknown field". decode must decode its argument as payload was. DecodeError
// calls it some dozen times, with parts of payload, to find the place.
func (p *Plan) DecodeError(err error, payload json.RawMessage, decode func(json.RawMessage) error) error {
	switch {
	case err == nil || p.root == nil || !p.root.has.secret && !p.root.has.message:
		return err
	case !json.Valid(payload):
		return errors.New("the payload is not valid JSON")
	}
	l := locator{at: p.root, decode: decode}
	l.find(payload, func(part json.RawMessage) json.RawMessage { return part })
	return l.err(err)
}

// maxLocated bounds how deep an error is followed into the payload.
const maxLocated = 100

// locator finds the part of a payload that cannot be decoded.
type locator struct {
	decode func(json.RawMessage) error

	steps   []string // to the part, in JSON
	at      *node    // what the part is decoded into, nil if that is not known
	kind    string   // the part's type in JSON
	secret  bool     // the part is a secret, or in one: then it is not named further
	unknown bool     // the last step is no field of the struct it leads from
}

// find follows part, for which decoding whole(part) fails.
func (l *locator) find(part json.RawMessage, whole func(json.RawMessage) json.RawMessage) {
	l.kind = kindOf(part)
	list := split(part)
	// What is wrong is in the last entry that has to go, of the first ones, for
	// the rest to be decoded.
	n := sort.Search(len(list.entries)+1, func(n int) bool {
		return n > 0 && l.try(whole(list.without(n)))
	})
	if n > len(list.entries) || len(l.steps) >= maxLocated {
		return
	}
	rest := parts{list.object, slices.Clone(list.entries[n-1:])}
	value := rest.entries[0].value
	with := func(inner json.RawMessage) json.RawMessage {
		rest.entries[0].value = inner
		return whole(rest.without(0))
	}
	if l.step(rest.entries[0].key, value, list.object, func() bool { return l.try(with(json.RawMessage("null"))) }) {
		l.find(value, with)
	}
}

func (l *locator) try(payload json.RawMessage) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return l.decode(payload) == nil
}

// step goes to the entry of a JSON object or array, and is false where the way
// further down cannot be told. goodKey reports whether the key can be decoded.
func (l *locator) step(key string, value json.RawMessage, object bool, goodKey func() bool) bool {
	n := l.at
	for n != nil && n.typ.Kind() == reflect.Pointer && !n.message {
		n = n.elem
	}
	if n == nil || n.message || n.reads() {
		return false
	}
	switch {
	case n.typ.Kind() == reflect.Interface:
		l.at = nil
	case object && n.typ.Kind() == reflect.Map:
		if n.key.has.any() || !goodKey() {
			return false
		}
		l.at = n.elem
	case object && n.typ.Kind() == reflect.Struct:
		f := n.shownAs(key)
		if f == nil {
			l.unknown = true
			break
		}
		key = f.Name
		l.at, l.secret = f.node, f.secret
	case !object && (n.typ.Kind() == reflect.Slice || n.typ.Kind() == reflect.Array):
		l.at = n.elem
	default:
		return false
	}
	if object {
		l.steps = append(l.steps, key)
	} else {
		l.steps = append(l.steps, "["+key+"]")
	}
	l.kind = kindOf(value)
	return !l.secret && !l.unknown && l.at != nil
}

// reads reports whether n's type is read by a method: nobody knows what of.
func (n *node) reads() bool {
	p := reflect.PointerTo(n.typ)
	_, json := p.MethodByName("UnmarshalJSON")
	_, text := p.MethodByName("UnmarshalText")
	_, from := p.MethodByName("UnmarshalJSONFrom")
	return json || text || from
}

// shownAs finds the field that an object's key is decoded into.
func (n *node) shownAs(key string) *shownField {
	fields := n.shown()
	for i := range fields {
		if fields[i].Name == key {
			return &fields[i]
		}
	}
	for i := range fields {
		if strings.EqualFold(fields[i].Name, key) {
			return &fields[i]
		}
	}
	return nil
}

func (l *locator) err(err error) error {
	path := "the payload"
	if len(l.steps) > 0 {
		path = strings.ReplaceAll(strings.Join(l.steps, "."), ".[", "[")
	}
	switch {
	case l.unknown:
		return fmt.Errorf("json: unknown field %q", path)
	case strings.Contains(err.Error(), "json: unknown field "):
		return fmt.Errorf("json: unknown field inside %s", path)
	}
	typ := "type"
	if l.at != nil {
		typ = TypeName(l.at.typ)
	}
	return fmt.Errorf("%s: a JSON %s cannot be read into a Go %s", path, l.kind, typ)
}

// parts are the entries of a JSON object or array; another value has none.
type parts struct {
	object  bool
	entries []part
}

type part struct {
	key   string // or the index
	value json.RawMessage
}

func split(raw json.RawMessage) parts {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var p parts
		for i, value := range list {
			p.entries = append(p.entries, part{strconv.Itoa(i), value})
		}
		return p
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return parts{}
	}
	p := parts{object: true}
	for key, value := range object {
		p.entries = append(p.entries, part{key, value})
	}
	slices.SortFunc(p.entries, func(a, b part) int { return strings.Compare(a.key, b.key) })
	return p
}

// without is the object or array without its first n entries.
func (p parts) without(n int) json.RawMessage {
	brackets := "[]"
	if p.object {
		brackets = "{}"
	}
	b := bytes.NewBufferString(brackets[:1])
	for i, entry := range p.entries[n:] {
		if i > 0 {
			b.WriteByte(',')
		}
		if p.object {
			b.Write(quote(entry.key))
			b.WriteByte(':')
		}
		b.Write(entry.value)
	}
	b.WriteString(brackets[1:])
	return b.Bytes()
}

func kindOf(raw json.RawMessage) string {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// Package redact keeps secrets out of what is shown. It makes a copy of a value
// without the fields that are secrets, and encoding/json sees nothing else,
// whatever methods the types of the value have.
package redact

import (
	"encoding/json"
	"reflect"
)

// Has reports whether v reaches a field that is a secret, so that what is shown
// is not what was passed. It does not depend on what the field holds, since
// that could tell the secret. A value nested more than 1,000 pointers, maps and
// slices deep counts as one that does, if its type can. So does a protobuf
// message in a program without the support for them.
//
// v must be of the plan's type or a pointer to it, and must not change
// meanwhile. Where None is true Has costs nothing.
func (p *Plan) Has(v reflect.Value) bool {
	if p.None() || !v.IsValid() {
		return false
	}
	n, v, ok := p.fit(v)
	return !ok || holds(n, v, role{})
}

// JSON returns v as JSON without its secrets, as [json.Marshal] writes the copy
// that [Plan.Copy] returns. An error reads as its text, unless its type has a
// JSON form of its own, and a protobuf message as protojson.
//
// JSON never fails and never panics. What JSON cannot hold (a channel, a
// function, NaN, a cycle, a value whose method fails or panics, what is nested
// more than 1,000 pointers, maps and slices deep) reads as a text that names
// its type, such as "[unencodable: chan int]".
//
// v must be of the plan's type or a pointer to it, and must not change
// meanwhile. For a type without secrets, interfaces, errors and cycles JSON
// costs what json.Marshal costs; else one more walk through v.
func (p *Plan) JSON(v reflect.Value) json.RawMessage {
	raw, _ := p.Show(v)
	return raw
}

// Show is [Plan.JSON] and tells which secrets are zero in it: those that are no
// text, and so cannot read "[redacted]". They are named as in [PlanOf], in
// order, and whatever they hold.
func (p *Plan) Show(v reflect.Value) (raw json.RawMessage, zero []string) {
	if !v.IsValid() {
		return json.RawMessage("null"), nil
	}
	t := v.Type()
	defer func() {
		if recover() != nil { // none is known to come this far
			raw = unencodable(TypeName(t))
		}
	}()
	n, v, ok := p.fit(v)
	if !ok {
		return unencodable(TypeName(t)), nil
	}
	s := scan{}
	if n.has.any() {
		s.value(n, v, role{})
	}
	if s.secret {
		v, zero = copied(&copier{shown: true}, n, v)
	}
	if !s.text && !s.odd {
		if b, ok := marshalValue(v); ok {
			return b, zero
		}
	}
	e := encoder{}
	e.value(n, v, false)
	return e.out, zero
}

// Copy returns v without its secrets. A secret that is text reads "[redacted]"
// in the copy, in a struct each field reads so, and others are zero, whatever
// they hold. What holds no secret is shared with v. Where a struct keeps a secret in a field that is not
// exported, all of these fields are zero in the copy.
//
// v must be of the plan's type or a pointer to it, and must not change
// meanwhile. If it is not, the copy is zero.
func (p *Plan) Copy(v reflect.Value) reflect.Value {
	n, at, ok := p.fit(v)
	switch {
	case !v.IsValid():
		return v
	case !ok:
		return reflect.Zero(v.Type())
	case p.None() || !holds(n, at, role{}):
		return v
	}
	dup, _ := copied(&copier{}, n, at)
	if at.Type() != v.Type() { // v is a pointer to the plan's type
		return addressed(dup).Addr().Convert(v.Type())
	}
	return dup
}

// copied also keeps whether v has an address: only then encoding/json calls
// methods with a pointer receiver.
func copied(c *copier, n *node, v reflect.Value) (dup reflect.Value, zero []string) {
	dup = c.value(n, v, false)
	switch {
	case v.CanAddr():
		dup = addressed(dup)
	case v.CanInterface() && v.Kind() != reflect.Interface:
		dup = reflect.ValueOf(dup.Interface())
	}
	return dup, c.paths()
}

// fit finds the node of v, and is false where v is not of the plan's type. A pointer
// to that type is followed. Without paths any type has a node.
func (p *Plan) fit(v reflect.Value) (*node, reflect.Value, bool) {
	switch {
	case !v.IsValid():
		return nil, v, false
	case p.root != nil && v.Type() == p.root.typ:
		return p.root, v, true
	case p.root != nil && v.Kind() == reflect.Pointer && v.Type().Elem() == p.root.typ:
		if v.IsNil() {
			return nodeOf(v.Type()), v, true
		}
		return p.root, v.Elem(), true
	case len(p.paths) == 0:
		return nodeOf(v.Type()), v, true
	}
	return nil, v, false
}

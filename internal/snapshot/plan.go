// Package snapshot copies and compares values of any type, so that what was
// recorded stays what was passed.
//
// A [Plan] holds what is known about one type: it is worked out once and
// cached. Exported data is copied deep: pointers, slices, maps, arrays,
// interfaces by their dynamic type, and embedded structs. The rest of a struct
// is copied as a plain assignment copies it.
//
// These stay shared between a value and its copy:
//   - functions, channels, unsafe pointers, and the pointers inside map keys;
//   - what unexported fields refer to;
//   - errors behind pointers, whose identity is their meaning;
//   - what pointers, slices and maps refer to if its type holds a lock, as go
//     vet's copylocks sees it: it must not be copied, and may be in use;
//   - a few types of the standard library that are bound to their address,
//     such as time.Timer, behind pointers;
//   - structs nested by value in interfaces more than 1,000 levels deep.
//
// Depth is otherwise unlimited, and cycles end.
package snapshot

import (
	"reflect"
	"sync"
)

// A Plan says how the values of one type are copied and compared.
// It is immutable and safe for concurrent use. Get one from [PlanOf].
type Plan struct {
	typ   reflect.Type
	kind  reflect.Kind
	size  int64
	elem  *Plan // of a pointer, slice, array or map
	key   *Plan // of a map
	all   []field
	deep  []field // those that a copy has to go into
	texts []field // flat ones that hold strings
	empty reflect.Value
	zero  any // of a plain type
	equal *equalMethod

	flat    bool // a plain assignment shares nothing that can change
	exact   bool // a copy shares nothing that can change
	text    bool // flat, and holds strings
	plain   bool // == says whether two values are equal, NaN aside
	methods bool // it or one of its direct parts has an Equal method
	raw     bool // holds no pointers, nor strings
	nan     bool // flat, and can hold a NaN
	loops   bool // values can hold themselves, or nest without limit
	locked  bool // holds a lock by value
	shared  bool // a pointer, slice or map whose content stays shared
}

type field struct {
	index  int
	offset uintptr
	plan   *Plan
}

var (
	plans    sync.Map // reflect.Type to *Plan
	building sync.Mutex

	absent = &Plan{flat: true, exact: true}
)

// PlanOf returns the plan of t, which may be recursive. The first call for a
// type walks all types that it refers to; later ones cost a map lookup.
func PlanOf(t reflect.Type) *Plan {
	if t == nil {
		return absent
	}
	if p, ok := plans.Load(t); ok {
		return p.(*Plan)
	}
	building.Lock()
	defer building.Unlock()
	b := builder{made: map[reflect.Type]*Plan{}, open: map[*Plan]bool{}}
	p := b.plan(t)
	b.finish()
	return p
}

// Flat reports whether a plain assignment shares nothing that can change, as
// with numbers, strings, time.Time, netip.Addr, and structs and arrays of such.
// A flat type needs no Copy.
func (p *Plan) Flat() bool { return p.flat }

// Exact reports whether it is known from the type alone that a copy shares
// nothing that can change with its original. It is false for types that reach
// a function, a channel, an interface or an unexported reference.
func (p *Plan) Exact() bool { return p.exact }

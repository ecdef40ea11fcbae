// Package snapshot copies and compares values of any type, so that what was
// recorded stays what was passed.
//
// Arguments are data: all of it is copied, exported or not, at every depth.
// Slices, maps and pointers lead to new memory, interfaces are copied by what
// they hold. Two references to one variable stay so in the copy, and a pointer
// to a part of the value leads to the same part of the copy.
//
// What is no data stays shared between a value and its copy:
//   - functions, channels, unsafe pointers, and what map keys refer to;
//   - what implements context.Context, error or reflect.Type;
//   - a pointer to a struct that holds, by value, a channel, an unsafe pointer,
//     or a function in an unexported field: a service, not data;
//   - a pointer to a struct of the standard library with unexported fields,
//     unless the type is known as data, such as big.Int or bytes.Buffer;
//   - a few types that are values though they have pointers in them, such as
//     time.Time, netip.Addr and unique.Handle;
//   - in unexported fields, pointers of named pointer types and pointers to
//     single bytes: they often stand for memory of a length kept elsewhere;
//   - structs nested by value in interfaces more than 1,000 levels deep.
//
// Locks are zero in a copy, atomics are copied by Load and Store, a sync.Map by
// Range. Protobuf messages are copied by package saferunnerproto.
//
// A [Plan] holds what is known about one type: it is worked out once and
// cached. Depth is otherwise unlimited, and cycles end.
package snapshot

import (
	"reflect"
	"sync"
	"unsafe"
)

// A Plan says how the values of one type are copied and compared.
// It is immutable and safe for concurrent use. Get one from [PlanOf].
type Plan struct {
	typ  reflect.Type
	kind reflect.Kind
	op   op
	size uintptr
	elem *Plan // of a pointer, slice, array or map, or what an atomic.Pointer holds
	key  *Plan // of a map

	fields []field // of a struct, but for blank ones
	deep   []field // those that a copy has to go into

	flat       bool // a plain assignment shares nothing that can change
	raw        bool // memory without pointers, to copy as bytes
	careful    bool // holds, by value, what a plain assignment must not read
	comparable bool // == says whether two values are equal
	isError    bool // not flat, nor an interface
	guarded    bool // an interface in an unexported field

	words    uintptr   // of its memory, if there are few
	pointers uint32    // a bit for each word that is one
	strings  []uintptr // offsets of the strings in flat parts
	manyText bool      // flat, with more strings than are listed
	segments []segment // memory that says whether two values are equal, if that is enough
	equal    *equalMethod
	same     func(a, b unsafe.Pointer) bool // equality of a known type

	once  sync.Once
	found graph

	originals sync.Pool // of *reflect.Value, to keep a value while it is copied in place
	movers    sync.Pool // of *mover, for a slice
}

type field struct {
	name   string
	offset uintptr
	plan   *Plan
}

// op is how values of a type are copied.
type op int

const (
	keep      op = iota // a plain assignment is a copy
	whole               // a plain assignment, which shares
	structure           // part by part
	array
	pointer // to new memory
	slice
	mapping
	dynamic // an interface: by what it holds
	lock    // zero in a copy
	atomicNumber
	atomicPointer
	atomicValue
	syncMap
	protobuf      // a pointer to a message
	protobufValue // a message by value
)

var (
	plans    sync.Map   // reflect.Type to *Plan; a plan in it is finished and does not change
	building sync.Mutex // held while plans are built, which may refer to each other

	absent = &Plan{flat: true, comparable: true}
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
	b := builder{made: map[reflect.Type]*Plan{}}
	p := b.plan(t)
	for t, p := range b.made {
		plans.Store(t, p)
	}
	return p
}

// Flat reports whether a plain assignment shares nothing that can change, as
// with numbers, strings, time.Time, netip.Addr, and structs and arrays of such.
// A flat type needs no Copy.
func (p *Plan) Flat() bool { return p.flat }

// Fixed reports whether a type is flat and all its values take as much memory
// as the type says: there are no strings in it.
func (p *Plan) Fixed() bool { return p.flat && !p.hasText() }

// Comparable reports whether Equal says what == says of values of this type.
// It is false for types with floats, pointers, interfaces, time.Time, errors
// or Equal methods.
func (p *Plan) Comparable() bool { return p.comparable }

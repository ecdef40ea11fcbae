// Package roundtrip tells whether a value survives being written as JSON and
// read back, by encoding/json, into the same type. It looks at types and
// values; it does not encode.
//
// What JSON changes harmlessly is accepted: the monotonic clock and the zone
// name of a time.Time, the spacing of raw JSON, and nil where omitempty leaves
// out an empty slice or map. Otherwise a nil slice or map comes back nil, and an
// empty one empty.
//
// Types with their own methods need those for both directions (MarshalJSON and
// UnmarshalJSON, or MarshalText and UnmarshalText). The methods are called: what
// they write must be read back, and be written as the same text again; a method
// Equal of the type must call both values equal. Fields of such types are not
// compared, since a value may keep in them what it has been through.
//
// Protobuf messages are asked of the support for them.
//
// The answer is the same with every version of encoding/json. What Go 1.26 and
// Go 1.27 write or read differently is refused.
package roundtrip

import (
	"reflect"
	"sync"

	"github.com/saferunner/saferunner/internal/jsonfields"
	"github.com/saferunner/saferunner/internal/message"
	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// Plan is how to check values of one type. It is immutable and safe for
// concurrent use.
type Plan struct {
	typ    reflect.Type
	op     op
	always bool
	null   bool    // nil is written as null
	reason reason  // for refuse
	elem   *Plan   // for pointer, list, mapping
	key    op      // for mapping: always, text or own
	fields *fields // for structure
	texts  [][]int // for structure: if not nil, all that can go wrong is that one of these fields is no valid text
}

// op is what Check does with a value.
type op int

const (
	always  op = iota // nothing can go wrong
	refuse            // nothing can go right
	float             // no NaN, no infinity
	text              // valid UTF-8
	number            // json.Number
	raw               // json.RawMessage
	instant           // time.Time
	dynamic           // an interface without methods
	onlyNil           // an interface with methods
	own               // a type with methods of its own
	proto             // a protobuf message
	pointer
	list // slice or array
	mapping
	structure
)

var plans sync.Map // of *Plan, by reflect.Type

// PlanOf returns the plan for values of type t. The first call for a type
// costs some microseconds, later ones a look-up.
func PlanOf(t reflect.Type) *Plan {
	if p, ok := plans.Load(t); ok {
		return p.(*Plan)
	}
	b := builder{}
	p, _ := plans.LoadOrStore(t, b.plan(t, false))
	return p.(*Plan)
}

// Always reports whether every value of the type survives, so that Check need
// not be called.
func (p *Plan) Always() bool { return p.always }

// place is a type where it stands. Only where it is addressable does
// encoding/json call methods with a pointer receiver.
type place struct {
	typ         reflect.Type
	addressable bool
}

// builder holds the plans of one type graph while they are made. A type that
// is met again inside itself is found here, with always still false: its
// values can be cycles.
type builder map[place]*Plan

func (b builder) plan(t reflect.Type, addressable bool) *Plan {
	at := place{t, addressable}
	if p, ok := b[at]; ok {
		return p
	}
	p := &Plan{typ: t, null: nilIsNull(t)}
	b[at] = p
	b.fill(p, addressable)
	p.always = p.always || p.op == always
	return p
}

func (b builder) fill(p *Plan, addressable bool) {
	t := p.typ
	if op, ok := known[t]; ok {
		p.op = op
		return
	}
	if message.Is(t) || message.IsValue(t) {
		p.op = proto
		return
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && b.methods(p, addressable) {
		return
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		p.op = float
	case reflect.String:
		p.op = text
	case reflect.Interface:
		p.op = onlyNil
		if t.NumMethod() == 0 {
			p.op = dynamic
		}
	case reflect.Pointer:
		b.pointer(p)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && writes(t.Elem(), true) == none && newer(t.Elem()) == "" {
			return // base64
		}
		b.list(p, true)
	case reflect.Array:
		b.list(p, addressable)
	case reflect.Map:
		b.mapping(p)
	case reflect.Struct:
		p.op = structure
		p.fields = b.fields(jsonfields.Of(t), t, addressable)
		p.always = p.fields.always()
		p.texts = p.fields.texts(t)
	case reflect.Func:
		p.refuse("JSON cannot hold a function, nor a nil one", "pass data, or tag the field omitzero and leave it nil")
	case reflect.Chan:
		p.refuse("JSON cannot hold a channel, nor a nil one", "pass data, or tag the field omitzero and leave it nil")
	case reflect.Complex64, reflect.Complex128:
		p.refuse("JSON cannot hold a complex number", "pass its two parts")
	case reflect.UnsafePointer:
		p.refuse("JSON cannot hold an unsafe.Pointer", "pass data")
	}
}

func (p *Plan) refuse(why, fix string) {
	p.op, p.reason = refuse, reason{why, fix}
}

func (b builder) pointer(p *Plan) {
	t := p.typ.Elem()
	p.op = pointer
	if p.typ.Name() != "" && (writes(t, true) != none || reads(t) != none) {
		p.elem = &Plan{typ: t}
		p.elem.refuse("JSON does not find the methods of "+redact.TypeName(t)+" through the named pointer type "+redact.TypeName(p.typ), "use *"+redact.TypeName(t))
		return
	}
	if snapshot.Shared(t) {
		p.elem = &Plan{typ: t}
		p.elem.refuse("a pointer to it is taken for a service, which the caller and an async call would share", "pass data; capture a service in the task's function")
		return
	}
	p.elem = b.plan(t, true)
	p.always = p.elem.always && !p.elem.null
}

func (b builder) list(p *Plan, addressable bool) {
	p.op = list
	p.elem = b.plan(p.typ.Elem(), addressable)
	p.always = p.elem.always
}

func (b builder) mapping(p *Plan) {
	p.op = mapping
	p.elem = b.plan(p.typ.Elem(), false)
	p.key, p.reason = keyOp(p.typ.Key())
	if p.key == refuse {
		p.op = refuse
	}
	p.always = p.elem.always && p.key == always
}

// nilIsNull reports whether t has a nil that is written as null.
func nilIsNull(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		return true
	case reflect.Map, reflect.Slice:
		return writes(t, true) == none
	}
	return false
}

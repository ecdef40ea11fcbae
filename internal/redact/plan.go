package redact

import (
	"reflect"
	"slices"
	"sync"
)

// Plan is how to show values of one type. It is immutable and safe for
// concurrent use.
type Plan struct {
	root  *node // nil without a type
	paths []string
}

// planned is what PlanOf found.
type planned struct {
	plan    *Plan
	unknown []string
	err     error
}

var plans sync.Map // of planned, by reflect.Type, without paths

// PlanOf returns the plan for values of type t. Secrets are the struct fields
// tagged saferunner:"redact", and those that paths names: Go field names with
// dots, through pointers, slices, arrays and map values, such as "Card.Number".
// A field that is promoted can be named as in Go, without the embedded struct.
//
// unknown are the paths that lead nowhere in t; what an interface may hold
// cannot be named. err is not nil if a tag, at whatever depth of t, has another
// word than redact, and names the field. The plan is usable either way, and
// hides that field.
//
// Plans without paths are kept: the first call for a type costs some
// microseconds, later ones a look-up. A nil type has a plan for no value.
func PlanOf(t reflect.Type, paths ...string) (p *Plan, unknown []string, err error) {
	if t == nil {
		return &Plan{}, paths, nil
	}
	if len(paths) == 0 {
		made := planOf(t)
		return made.plan, nil, made.err
	}
	made := build(t, paths)
	return made.plan, made.unknown, made.err
}

func planOf(t reflect.Type) planned {
	if made, ok := plans.Load(t); ok {
		return made.(planned)
	}
	made, _ := plans.LoadOrStore(t, build(t, nil))
	return made.(planned)
}

// nodeOf is the root of the plan for what an interface holds.
func nodeOf(t reflect.Type) *node { return planOf(t).plan.root }

func build(t reflect.Type, paths []string) planned {
	b := builder{nodes: map[place]*node{}, met: make([]bool, len(paths))}
	made := planned{plan: &Plan{root: b.node(t, waysOf(paths)), paths: paths}}
	b.spread()
	for i, path := range paths {
		if !b.met[i] {
			made.unknown = append(made.unknown, path)
		}
	}
	made.err = b.err
	return made
}

// None reports whether no value of the type can hold a secret. A type with
// interfaces or protobuf messages can.
func (p *Plan) None() bool {
	return p.root == nil || !p.root.has.secret && !p.root.has.open && !p.root.has.message
}

// InType reports whether a field that is a secret can be reached by type alone:
// what interfaces and protobuf messages hold does not count.
func (p *Plan) InType() bool { return p.root != nil && p.root.has.secret }

// Hides reports whether the value that path leads to, by Go field names from a
// value of the plan's type through pointers, slices, arrays and map values, is a
// secret or lies inside one. Embedded structs have to be named.
func (p *Plan) Hides(path []string) bool {
	n := p.root
	for _, name := range path {
		for range maxDepth { // a type can be its own element
			if n == nil || n.elem == nil {
				break
			}
			n = n.elem
		}
		if n == nil {
			return false
		}
		i := slices.IndexFunc(n.fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return false
		}
		if n.fields[i].secret {
			return true
		}
		n = n.fields[i].node
	}
	return false
}

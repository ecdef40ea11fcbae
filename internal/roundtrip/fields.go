package roundtrip

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/saferunner/saferunner/internal/jsonfields"
	"github.com/saferunner/saferunner/internal/redact"
)

// fields is how to check a struct.
type fields struct {
	kept     []keptField
	lost     []lostField
	pointers []embeddedPointer
}

// keptField is a field that JSON holds, and whose value can go wrong.
type keptField struct {
	jsonfields.Field
	plan    *Plan
	path    string
	trusted bool // its type's own methods answer for what IsZero says
}

// lostField is a field that JSON leaves out: it has to be zero.
type lostField struct {
	index  []int
	path   string
	typ    reflect.Type
	reason reason
}

// embeddedPointer is an embedded pointer to a struct whose fields are promoted.
type embeddedPointer struct {
	jsonfields.Pointer
	path  string
	typ   reflect.Type
	below []jsonfields.Field // the fields that it promotes
}

func (f *fields) always() bool {
	return len(f.kept) == 0 && len(f.lost) == 0 && len(f.pointers) == 0
}

// texts returns the ways to the strings in a struct of type t, nil if anything
// else can go wrong.
func (f *fields) texts(t reflect.Type) [][]int {
	if len(f.lost) > 0 || len(f.pointers) > 0 {
		return nil
	}
	all := [][]int{}
	for _, k := range f.kept {
		if k.CustomZero() || wayTo(t, k.Index).pointer {
			return nil
		}
		switch {
		case k.plan.op == text:
			all = append(all, k.Index)
		case k.plan.texts == nil:
			return nil
		}
		for _, rest := range k.plan.texts {
			all = append(all, slices.Concat(k.Index, rest))
		}
	}
	return all
}

func (b builder) fields(s jsonfields.Struct, t reflect.Type, addressable bool) *fields {
	f := &fields{}
	for _, o := range s.Odd {
		way := wayTo(t, o.Index)
		why := reason{fmt.Sprintf("Go 1.26 and Go 1.27 read the tag json:%q differently", o.Tag), "use a plain name, and no other option than omitempty, omitzero and string"}
		f.kept = append(f.kept, keptField{Field: jsonfields.Field{Index: o.Index, Type: way.typ}, plan: &Plan{typ: way.typ, op: refuse, reason: why}, path: way.path})
	}
	for _, field := range s.Fields {
		way := wayTo(t, field.Index)
		p := b.plan(field.Type, addressable || way.pointer)
		if why, bad := misfit(field); bad {
			p = &Plan{typ: field.Type, op: refuse, reason: why}
		}
		if p.always && !field.CustomZero() {
			continue
		}
		f.kept = append(f.kept, keptField{Field: field, plan: p, path: way.path, trusted: trusted(field.Type)})
	}
	for _, l := range s.Lost {
		way := wayTo(t, l.Index)
		if way.typ.Kind() == reflect.Struct && way.typ.NumField() == 0 {
			continue // has no other value than zero
		}
		f.lost = append(f.lost, lostField{index: l.Index, path: way.path, typ: way.typ, reason: lossOf(l.Reason, t)})
	}
	for _, p := range s.Pointers {
		way := wayTo(t, p.Index)
		e := embeddedPointer{Pointer: p, path: way.path, typ: way.typ}
		for _, field := range s.Fields {
			if len(field.Index) > len(p.Index) && slices.Equal(field.Index[:len(p.Index)], p.Index) {
				e.below = append(e.below, field)
			}
		}
		f.pointers = append(f.pointers, e)
	}
	return f
}

// trusted reports whether t has methods of its own: then its IsZero is trusted
// too, and a value that it calls zero may be left out.
func trusted(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reads(t) != none
}

// misfit refuses fields that encoding/json writes in a way that it does not read.
func misfit(f jsonfields.Field) (why reason, bad bool) {
	target := f.Type
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	switch {
	case !f.Exported:
		return reason{"JSON cannot set an unexported embedded field that has a JSON name", "export its type or drop the name"}, true
	case f.Quoted && writes(target, true) != none:
		return reason{"the JSON option \"string\" does not go with the methods of " + redact.TypeName(target), "drop the option"}, true
	}
	return reason{}, false
}

// way is what lies between a struct and one of its fields, promoted ones included.
type way struct {
	typ     reflect.Type // of the field
	path    string       // in Go, from the dot on
	pointer bool         // an embedded pointer is on the way
}

func wayTo(t reflect.Type, index []int) (w way) {
	for i, x := range index {
		if i > 0 && t.Kind() == reflect.Pointer {
			w.pointer = true
			t = t.Elem()
		}
		sf := t.Field(x)
		w.path += "." + sf.Name
		t = sf.Type
	}
	w.typ = t
	return w
}

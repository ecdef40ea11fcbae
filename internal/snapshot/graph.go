package snapshot

import "reflect"

// graph is what the type of a value says about all that the value can refer to.
type graph struct {
	aliases  bool // two references can lead to one variable
	overlaps bool // ... or to variables of which one is a part of the other
	loops    bool // values can hold themselves, or nest without limit
	open     bool // there are interfaces, so that a value can hold anything
	messages bool // it can hold protobuf messages, interfaces aside
}

// graph works out p's graph at the first call.
func (p *Plan) graph() *graph {
	p.once.Do(func() {
		s := survey{slots: map[*Plan]int{}, way: map[*Plan]bool{}}
		s.visit(p, false)
		if s.graph.open {
			s.graph.loops = true
		}
		s.conclude(p)
		p.found = s.graph
	})
	return &p.found
}

// survey counts, for each type of reference, how many of it a value can have:
// one, or more.
type survey struct {
	graph graph
	slots map[*Plan]int
	way   map[*Plan]bool // references on the way to here
}

func (s *survey) visit(p *Plan, many bool) {
	switch p.op {
	case structure:
		for _, f := range p.deep {
			s.visit(f.plan, many)
		}
	case array:
		if !p.flat {
			s.visit(p.elem, many || p.typ.Len() > 1)
		}
	case atomicPointer:
		s.visit(p.elem, many)
	case dynamic, atomicValue, syncMap:
		s.graph.open = true
	case protobufValue:
		s.graph.messages = true
	case pointer, slice, mapping, protobuf:
		s.reference(p, many)
	}
}

func (s *survey) reference(p *Plan, many bool) {
	before := s.slots[p]
	s.slots[p] = min(before+1, 2)
	if many {
		s.slots[p] = 2
	}
	switch {
	case s.way[p]:
		s.graph.loops = true
		return
	case p.op == protobuf:
		s.graph.messages = true
		return
	case s.slots[p] == before:
		return
	}
	s.way[p] = true
	s.visit(p.elem, s.slots[p] > 1 || p.op != pointer)
	delete(s.way, p)
}

// conclude looks which references can lead to the same memory.
func (s *survey) conclude(root *Plan) {
	if s.graph.loops {
		s.graph.aliases, s.graph.overlaps = true, true
		return
	}
	t := targets{elems: map[reflect.Type]int{}, lists: map[reflect.Type]bool{}, single: map[reflect.Type]bool{}}
	for p, n := range s.slots {
		if n > 1 {
			s.graph.aliases = true
		}
		if p.op != pointer && p.op != slice || p.elem.size == 0 {
			continue
		}
		e := unrolled(p.elem.typ)
		t.elems[e] += n
		if p.op == slice || e != p.elem.typ {
			t.lists[e] = true
		} else {
			t.single[e] = true
		}
	}
	for e := range t.lists {
		s.graph.overlaps = s.graph.overlaps || t.elems[e] > 1
	}
	for e := range t.elems {
		s.graph.overlaps = s.graph.overlaps || t.arePartOf(e)
	}
	s.graph.overlaps = s.graph.overlaps || t.arePartOf(root.typ)
	s.graph.aliases = s.graph.aliases || s.graph.overlaps
}

// targets are the types of elements that references lead to.
type targets struct {
	elems  map[reflect.Type]int  // how many references there are
	lists  map[reflect.Type]bool // to several in a row, as slices are: they lead into arrays only
	single map[reflect.Type]bool // to one, wherever it is
}

// unrolled returns the type of the elements of nested arrays.
func unrolled(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return t
}

// arePartOf reports whether a reference can lead to a part of a variable of
// type typ that is not all of it.
func (t targets) arePartOf(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Array:
		e := unrolled(typ)
		return t.elems[e] > 0 || t.arePartOf(e)
	case reflect.Struct:
		for i := range typ.NumField() {
			if f := typ.Field(i).Type; t.single[f] || t.arePartOf(f) {
				return true
			}
		}
	}
	return false
}

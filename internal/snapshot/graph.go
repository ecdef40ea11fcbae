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
	targets := map[reflect.Type]int{} // elements that references lead to, and how often
	lists := map[reflect.Type]bool{}  // of those, to several in a row
	for p, n := range s.slots {
		if n > 1 {
			s.graph.aliases = true
		}
		if p.op != pointer && p.op != slice || p.elem.size == 0 {
			continue
		}
		e := unrolled(p.elem.typ)
		targets[e] += n
		if p.op == slice || e != p.elem.typ {
			lists[e] = true
		}
	}
	for e := range lists {
		s.graph.overlaps = s.graph.overlaps || targets[e] > 1
	}
	for e := range targets {
		s.graph.overlaps = s.graph.overlaps || hasPart(e, targets)
	}
	s.graph.overlaps = s.graph.overlaps || hasPart(root.typ, targets)
	s.graph.aliases = s.graph.aliases || s.graph.overlaps
}

// unrolled returns the type of the elements of nested arrays.
func unrolled(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Array {
		t = t.Elem()
	}
	return t
}

// hasPart reports whether a part of t, but not t itself, is among the targets.
func hasPart(t reflect.Type, targets map[reflect.Type]int) bool {
	switch t.Kind() {
	case reflect.Array:
		e := unrolled(t)
		return targets[e] > 0 || hasPart(e, targets)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i).Type; targets[unrolled(f)] > 0 || hasPart(f, targets) {
				return true
			}
		}
	}
	return false
}

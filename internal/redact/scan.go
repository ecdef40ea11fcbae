package redact

import "reflect"

const (
	// maxDepth bounds how many pointers, maps and slices are followed inside
	// one another. Further down a secret is supposed, and nothing is shown.
	maxDepth = 1_000

	// maxRepeated bounds how many values encoding/json writes again because
	// pointers, maps and slices share them: what is shared can grow
	// exponentially.
	maxRepeated = 1 << 20
)

// scan looks into a value, for what has to be known before encoding/json may
// have it.
type scan struct {
	quick bool // stops at the first secret

	secret bool // it holds a field that is a secret
	text   bool // it holds an error or a message, which is shown as encoding/json does not
	odd    bool // it is a cycle, too deep, or grows without bound

	visits   int           // pointers, maps and slices looked into
	sizes    map[visit]int // of them, after the first ones; open while it is not known
	depth    int
	repeated int
}

const (
	// untracked is how many pointers, maps and slices are looked into before a
	// scan begins to remember them: most values have fewer.
	untracked = 200

	open = -1
)

// visit identifies what is looked into.
type visit struct {
	node *node
	addr uintptr
	len  int
	role role
}

// role is who shows a value.
type role struct {
	method  bool // a method of the type it stands in can show it, even if it is not exported
	foreign bool // encoding/json does not get here by itself
}

// holds reports whether v holds a secret.
func holds(n *node, v reflect.Value, r role) bool {
	s := scan{quick: true}
	s.value(n, v, r)
	return s.secret
}

// value returns how many values encoding/json writes for v.
func (s *scan) value(n *node, v reflect.Value, r role) (size int) {
	if !v.IsValid() || !n.has.any() || s.secret && s.quick {
		return 1
	}
	if n.message {
		s.message(n, v)
		return 1
	}
	if n.failure && !isNil(v) && !r.foreign {
		s.text = true
	}
	if n.writes {
		r.method = true
		r.foreign = r.foreign || n.failure || v.Kind() != reflect.Interface && writesItself(v)
	}
	at, ok := visited(n, v)
	if !ok {
		return s.inside(n, v, r)
	}
	at.role = r
	if size, done := s.before(at); done {
		return size
	}
	if s.depth >= maxDepth {
		s.secret = s.secret || n.has.secret || n.has.open
		s.odd = s.odd || !r.foreign
		return 1
	}
	s.depth++
	size = s.inside(n, v, r)
	s.depth--
	if s.sizes[at] == open {
		s.sizes[at] = size
	}
	return size
}

// before reports whether at was looked into before, and else notes that it is now.
func (s *scan) before(at visit) (size int, done bool) {
	if s.visits++; s.visits <= untracked {
		return 0, false
	}
	switch size, done = s.sizes[at]; {
	case !done:
		if s.sizes == nil {
			s.sizes = map[visit]int{}
		}
		s.sizes[at] = open
		return 0, false
	case size == open:
		s.odd = s.odd || !at.role.foreign
		return 1, true
	}
	if s.repeated = sum(s.repeated, size); s.repeated > maxRepeated {
		s.odd = s.odd || !at.role.foreign
	}
	return size, true
}

// sum adds sizes, which can be too large to count.
func sum(a, b int) int { return min(a+b, 2*maxRepeated) }

func (s *scan) inside(n *node, v reflect.Value, r role) (size int) {
	size = 1
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			size = sum(size, s.value(nodeOf(v.Elem().Type()), v.Elem(), r))
		}
	case reflect.Pointer:
		size = sum(size, s.value(n.elem, v.Elem(), r))
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Array && v.Len() == 0 && (n.elem.has.secret || r.method && n.elem.has.open) {
			s.secret = true // atomic.Pointer and sync.Map say so what they hide
		}
		if r.method && v.Kind() == reflect.Slice && v.Cap() > v.Len() && n.elem.has.secret {
			s.secret = true // beyond its length, where a method can get
		}
		if !n.elem.has.any() {
			return sum(size, v.Len())
		}
		for i := range v.Len() {
			size = sum(size, s.value(n.elem, v.Index(i), r))
		}
	case reflect.Map:
		if !n.elem.has.any() && !n.key.has.any() {
			return sum(size, v.Len())
		}
		for entries := v.MapRange(); entries.Next(); {
			if n.key.has.any() {
				s.value(n.key, entries.Key(), role{r.method, true})
			}
			size = sum(size, s.value(n.elem, entries.Value(), r))
		}
	case reflect.Struct:
		for i := range n.fields {
			size = sum(size, s.field(&n.fields[i], v.Field(i), r))
		}
	}
	return size
}

func (s *scan) field(f *field, v reflect.Value, r role) (size int) {
	if f.secret {
		s.secret = true
		return 1
	}
	if !f.exported && !f.embedded {
		if !r.method && !f.node.has.secret {
			return 0 // nobody shows it, and it may belong to a service that changes it
		}
		r.foreign = true
	}
	return s.value(f.node, v, r)
}

// visited identifies v, if there can be another way to it.
func visited(n *node, v reflect.Value) (visit, bool) {
	switch v.Kind() {
	case reflect.Slice:
		return visit{node: n, addr: v.Pointer(), len: v.Len()}, v.Len() > 0
	case reflect.Pointer, reflect.Map:
		return visit{node: n, addr: v.Pointer()}, !v.IsNil()
	}
	return visit{}, false
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface:
		return v.IsNil()
	}
	return false
}

// writesItself reports whether encoding/json writes v, where it stands, by a method of its type.
func writesItself(v reflect.Value) bool {
	return marshals(v.Type()) || v.CanAddr() && v.Kind() != reflect.Pointer && marshals(reflect.PointerTo(v.Type()))
}

package redact

import "reflect"

// maxDepth bounds how many pointers, maps and slices are followed inside one
// another: a finder supposes a secret further down, an encoder writes nothing.
const maxDepth = 1_000

// finder looks for fields tagged as secrets in a value.
type finder struct {
	notZero bool               // only those that hold something; else a type with tags is enough
	seen    map[visit]struct{} // in this search
	holding map[visit]bool     // what was found to hold a secret, in earlier ones too
	depth   int
}

// visit identifies what has been looked into.
type visit struct {
	typ    reflect.Type
	addr   uintptr
	len    int
	opaque bool
}

// in reports whether v holds a secret. Fields that are neither exported nor of
// a type with tags matter only where opaque: inside a type with a method that
// writes it, and could write them.
func (f *finder) in(v reflect.Value, opaque bool) (found bool) {
	if !v.IsValid() {
		return false
	}
	i := infoOf(v.Type())
	switch {
	case !i.tagged && !i.open:
		return false
	case i.tagged && !f.notZero:
		return true
	}
	opaque = opaque || i.marshaler && v.Kind() != reflect.Interface
	if at, ok := visited(v); ok {
		at.opaque = opaque
		if f.holding[at] || f.depth >= maxDepth {
			return true
		}
		if f.again(at) {
			return false
		}
		f.depth++
		defer func() { f.leave(at, found) }()
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return f.in(v.Elem(), opaque)
	case reflect.Slice, reflect.Array:
		for n := range v.Len() {
			if f.in(v.Index(n), opaque) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if f.in(entries.Key(), opaque) || f.in(entries.Value(), opaque) {
				return true
			}
		}
	case reflect.Struct:
		return f.inStruct(v, i.all, opaque)
	}
	return false
}

func (f *finder) inStruct(v reflect.Value, all []member, opaque bool) bool {
	for n, m := range all {
		at := v.Field(n)
		if m.tagged && !at.IsZero() {
			return true
		}
		if (opaque || m.visible || infoOf(at.Type()).tagged) && f.in(at, opaque) {
			return true
		}
	}
	return false
}

// holds starts a search for what has to be written by its fields.
func (f *finder) holds(v reflect.Value) bool {
	f.seen = nil
	return f.in(v, false)
}

func (f *finder) leave(at visit, found bool) {
	f.depth--
	if !found {
		return
	}
	if f.holding == nil {
		f.holding = map[visit]bool{}
	}
	f.holding[at] = true
}

// again reports whether at has been looked into before, and notes it.
func (f *finder) again(at visit) bool {
	if _, again := f.seen[at]; again {
		return true
	}
	if f.seen == nil {
		f.seen = map[visit]struct{}{}
	}
	f.seen[at] = struct{}{}
	return false
}

// visited identifies v, if there can be another way to it.
func visited(v reflect.Value) (visit, bool) {
	switch v.Kind() {
	case reflect.Slice:
		return visit{typ: v.Type(), addr: v.Pointer(), len: v.Len()}, v.Len() > 0
	case reflect.Pointer, reflect.Map:
		return visit{typ: v.Type(), addr: v.Pointer()}, !v.IsNil()
	}
	return visit{}, false
}

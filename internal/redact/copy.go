package redact

import (
	"reflect"
	"slices"
	"strings"
)

// copier makes a copy without the secrets.
type copier struct {
	shown bool // the encoder shows messages without their secrets, so that they can stay

	made  map[visit]reflect.Value
	depth int
	path  []string        // of fields
	zero  map[string]bool // the paths of secrets that are zero in the copy
}

// value returns v without its secrets. What can hold none is shared with v. A
// method, if set, is a method of the type that v stands in.
func (c *copier) value(n *node, v reflect.Value, method bool) reflect.Value {
	method = method || n.writes && !n.message
	switch {
	case n.message:
		if c.shown && !method {
			return v
		}
		if dup, hid := hideInMessage(n, v); hid {
			return dup
		}
		return v
	case !n.has.secret && !n.has.open && !n.has.message:
		return v
	}
	at, ok := visited(n, v)
	if !ok {
		return c.build(n, v, method, nil)
	}
	at.role.method = method
	if made, ok := c.made[at]; ok {
		return made
	}
	if c.depth > maxDepth {
		return reflect.Zero(v.Type())
	}
	c.depth++
	defer func() { c.depth-- }()
	if c.made == nil {
		c.made = map[visit]reflect.Value{}
	}
	return c.build(n, v, method, func(made reflect.Value) { c.made[at] = made })
}

// build makes the copy of v, and tells note what it will be before it looks
// into v, so that a cycle in v is one in the copy.
func (c *copier) build(n *node, v reflect.Value, method bool, note func(reflect.Value)) reflect.Value {
	t := v.Type()
	out := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(c.dynamic(v, method))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		to := reflect.New(t.Elem())
		out.Set(to.Convert(t))
		note(out)
		to.Elem().Set(c.value(n.elem, v.Elem(), method))
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(t, v.Len(), v.Len())) // what lies beyond its length stays behind
		if note != nil {
			note(out)
		}
		c.elements(n, out, v, method)
	case reflect.Array:
		c.elements(n, out, v, method)
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c.mapping(n, out, v, method, note)
	case reflect.Struct:
		if !lossy(n, v, method) {
			out.Set(v)
		}
		c.fields(n, out, v, method)
	default:
		return v
	}
	return out
}

func (c *copier) elements(n *node, out, v reflect.Value, method bool) {
	for i := range v.Len() {
		out.Index(i).Set(c.value(n.elem, v.Index(i), method))
	}
}

// mapping copies a map. One with secrets in its keys is nil in the copy.
func (c *copier) mapping(n *node, out, v reflect.Value, method bool, note func(reflect.Value)) {
	for entries := v.MapRange(); entries.Next(); {
		if holds(n.key, entries.Key(), role{method: true}) {
			c.zeroed()
			return
		}
	}
	out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
	note(out)
	for entries := v.MapRange(); entries.Next(); {
		out.SetMapIndex(entries.Key(), c.value(n.elem, entries.Value(), method))
	}
}

// dynamic copies what the interface v holds. An error that keeps a secret where
// a copy cannot be without it is masked as a whole.
func (c *copier) dynamic(v reflect.Value, method bool) reflect.Value {
	e := v.Elem()
	n := nodeOf(e.Type())
	if inner, at := n, e; n.failure && reflect.TypeFor[masked]().Implements(v.Type()) {
		if at.Kind() == reflect.Pointer {
			inner, at = n.elem, at.Elem()
		}
		if at.Kind() == reflect.Struct && lossy(inner, at, true) {
			return reflect.ValueOf(masked(Mask))
		}
	}
	return c.value(n, e, method)
}

// fields sets the exported fields of out, a struct, to those of v without their secrets.
func (c *copier) fields(n *node, out, v reflect.Value, method bool) {
	for i := range n.fields {
		f, at := &n.fields[i], out.Field(i)
		c.path = append(c.path, f.name)
		switch {
		case f.secret:
			if !readsMask(f.node.typ) {
				c.zeroed()
			}
			if at.CanSet() || f.embedded && at.Kind() == reflect.Struct {
				mask(at)
			}
		case at.CanSet():
			at.Set(c.value(f.node, v.Field(i), method))
		case f.embedded && at.Kind() == reflect.Struct:
			c.fields(f.node, at, v.Field(i), method)
		}
		c.path = c.path[:len(c.path)-1]
	}
}

// zeroed notes that the secret at hand is zero in the copy.
func (c *copier) zeroed() {
	if len(c.path) == 0 {
		return // it has no name
	}
	if c.zero == nil {
		c.zero = map[string]bool{}
	}
	c.zero[strings.Join(c.path, ".")] = true
}

func (c *copier) paths() (all []string) {
	for path := range c.zero {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// lossy reports whether a copy of the struct v has to be without the fields
// that are not exported, since they lead to a secret or cannot be looked into.
// Where no method can show them, nobody misses them.
func lossy(n *node, v reflect.Value, method bool) bool {
	for i := range n.fields {
		f, at := &n.fields[i], v.Field(i)
		if f.exported {
			continue
		}
		switch at.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			if !at.IsNil() {
				return true // nobody knows what is behind it
			}
			continue
		case reflect.Struct:
			if f.embedded && !f.secret {
				if lossy(f.node, at, method) {
					return true
				}
				continue
			}
		}
		has := f.node.has
		switch {
		case f.secret, has.secret:
			return true
		case !has.open && !has.message:
		case !method || holds(f.node, at, role{method: true, foreign: true}):
			return true
		}
	}
	return false
}

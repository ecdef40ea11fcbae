package redact

import (
	"reflect"
	"slices"
	"strings"
)

// way is a place on the paths that a task redacts. A nil way is on none.
type way struct {
	ends []int // the paths that end here: what is here is a secret
	next map[string]*way
}

// waysOf joins paths of Go field names with dots.
func waysOf(paths []string) *way {
	if len(paths) == 0 {
		return nil
	}
	root := &way{}
	for i, path := range paths {
		w := root
		for name := range strings.SplitSeq(path, ".") {
			w = w.step(name)
		}
		w.ends = append(w.ends, i)
	}
	return root
}

// step is the next place in the direction of name, made if there is none.
func (w *way) step(name string) *way {
	if w.next == nil {
		w.next = map[string]*way{}
	}
	if w.next[name] == nil {
		w.next[name] = &way{}
	}
	return w.next[name]
}

// add makes w lead to wherever o does.
func (w *way) add(o *way) {
	w.ends = append(w.ends, o.ends...)
	for name, next := range o.next {
		w.step(name).add(next)
	}
}

// byField sorts the ways that lead into the struct t by its own fields: the
// name of a promoted field leads through the embedded ones.
func (w *way) byField(t reflect.Type) map[int]*way {
	if w == nil {
		return nil
	}
	ways := map[int]*way{}
	for name, next := range w.next {
		sf, ok := t.FieldByName(name)
		if !ok {
			sf, ok = t.FieldByName("xxx_hidden_" + name) // of a protobuf message with an opaque API
		}
		if !ok {
			continue
		}
		at := ways[sf.Index[0]]
		if at == nil {
			at = &way{}
			ways[sf.Index[0]] = at
		}
		owner := t.Field(sf.Index[0]).Type
		for _, x := range sf.Index[1:] {
			if owner.Kind() == reflect.Pointer {
				owner = owner.Elem()
			}
			at = at.step(owner.Field(x).Name)
			owner = owner.Field(x).Type
		}
		at.add(next)
	}
	return ways
}

// paths lists the paths below w.
func (w *way) paths() (all []string) {
	if w == nil {
		return nil
	}
	for name, next := range w.next {
		if len(next.ends) > 0 {
			all = append(all, name)
		}
		for _, path := range next.paths() {
			all = append(all, name+"."+path)
		}
	}
	slices.Sort(all)
	return all
}

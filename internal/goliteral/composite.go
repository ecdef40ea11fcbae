package goliteral

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// opening returns what a composite literal of type t begins with.
func (w *writer) opening(t reflect.Type, in context) (opening, why string) {
	if in == element {
		return "{", ""
	}
	name, why := w.name(t)
	return name + "{", why
}

// literal begins a composite literal of type t, or is lost.
func (w *writer) literal(t reflect.Type, in context) *expr {
	opening, why := w.opening(t, in)
	if why != "" {
		return w.lost(t, in, why)
	}
	return &expr{head: opening, tail: "}", list: true}
}

// elements writes an array, without the zeros at its end, or a slice.
func (w *writer) elements(v reflect.Value, in context) *expr {
	t := v.Type()
	e := w.literal(t, in)
	if !e.list {
		return e
	}
	n := v.Len()
	if t.Kind() == reflect.Array && !w.hides(t.Elem()) {
		for n > 0 && v.Index(n-1).IsZero() {
			n--
		}
	}
	k := t.Elem().Kind()
	e.fill = k >= reflect.Bool && k <= reflect.Complex128
	for i := range n {
		if w.left <= 0 || w.show && i == maxItems {
			e.note = fmt.Sprintf("%d more", n-i)
			w.lose(e.note)
			break
		}
		if t.Elem() == byteType {
			w.left--
			e.items = append(e.items, item{value: leaf(fmt.Sprintf("%#02x", v.Index(i).Uint()))})
			continue
		}
		w.enter(fmt.Sprintf("[%d]", i))
		e.items = append(e.items, item{value: w.value(v.Index(i), element)})
		w.leave()
	}
	return e
}

// maxItems bounds how many items of a list or map a reader is shown.
const maxItems = 30

// entries writes a map, sorted by its keys.
func (w *writer) entries(v reflect.Value, in context) *expr {
	e := w.literal(v.Type(), in)
	if !e.list {
		return e
	}
	type entry struct {
		key reflect.Value
		item
	}
	var all []entry
	var left []string
	for it := v.MapRange(); it.Next(); {
		if w.left <= 0 {
			left = append(left, fmt.Sprintf("%d more", v.Len()-len(all)))
			w.lose(left[len(left)-1])
			break
		}
		w.enter("[key]")
		key := w.key(it.Key())
		w.leave()
		if key.lost {
			left = append(left, "a key: "+key.note)
			continue
		}
		w.enter("[" + key.flat() + "]")
		all = append(all, entry{it.Key(), item{key, w.value(it.Value(), element)}})
		w.leave()
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(compare(a.key, b.key), strings.Compare(a.text(), b.text()))
	})
	for i, entry := range all {
		if w.show && i == maxItems {
			left = append(left, fmt.Sprintf("%d more", len(all)-i))
			break
		}
		e.items = append(e.items, entry.item)
	}
	slices.Sort(left)
	e.note = strings.Join(left, "; ")
	return e
}

// key writes a key of a map. Keys are the same by ==, so that a copy of one is
// another key if it holds a pointer or a NaN.
func (w *writer) key(v reflect.Value) *expr {
	if !w.show && !remade(v) {
		return w.lost(v.Type(), element, "it equals only itself")
	}
	return w.value(v, element)
}

// remade reports whether what is written of v is the same as v by ==.
func remade(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return v.Equal(v)
	case reflect.Interface:
		return v.IsNil() || remade(v.Elem())
	case reflect.Array:
		for i := range v.Len() {
			if !remade(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		if t, ok := readable(v); ok && v.Type() == timeType {
			at := t.Interface().(time.Time)
			return at == at.UTC().Round(0)
		}
		if v.Type() == addrType {
			return true
		}
		for i := range v.NumField() {
			if !remade(v.Field(i)) {
				return false
			}
		}
	case reflect.Pointer, reflect.Chan, reflect.UnsafePointer:
		return v.IsNil()
	}
	return true
}

func (it item) text() string { return it.key.flat() + ": " + it.value.flat() }

// compare orders keys of basic kinds, and leaves the order of others open.
func compare(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return cmp.Compare(a.String(), b.String())
	}
	return 0
}

// pointer writes &T{...} where there is a composite literal of what v points to,
// and new(...) otherwise.
func (w *writer) pointer(v reflect.Value, in context) *expr {
	t, to := v.Type(), v.Elem()
	if t.Name() != "" && in == exact {
		return w.convert(t, w.pointer(v, typed), false, exact)
	}
	if nilable(to.Kind()) && to.IsNil() || to.Kind() == reflect.Interface && to.IsNil() {
		name, why := w.name(t.Elem())
		if why != "" {
			return w.lost(t, in, why)
		}
		return leaf("new(" + name + ")")
	}
	if !w.show && w.Equal != nil {
		another := reflect.New(t.Elem())
		another.Elem().Set(to)
		if !w.equal(v, another.Convert(t)) {
			return w.lost(t, in, "it is shared, not copied, and equals only itself; a service had better be captured in the task's function")
		}
	}
	literal, inside := composite(to.Kind()), exact
	if literal && in == element && t.Name() == "" {
		inside = element
	}
	e := w.value(to, inside)
	switch {
	case e.lost && !e.list, e.list && inside == element:
		return e
	case e.list && literal:
		return e.in("&", "")
	case to.Kind() == reflect.Interface:
		if e = w.convert(to.Type(), e, false, exact); e.lost && !e.list {
			return e
		}
	}
	return e.in("new(", ")")
}

func composite(k reflect.Kind) bool {
	switch k {
	case reflect.Struct, reflect.Array, reflect.Slice, reflect.Map:
		return true
	}
	return false
}

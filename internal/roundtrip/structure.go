package roundtrip

import (
	"reflect"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

func (w *walk) structure(f *fields, v reflect.Value) *refusal {
	for i := range f.lost {
		l := &f.lost[i]
		if at, ok := jsonfields.Reach(v, l.index); ok && !at.IsZero() {
			return refused(l.typ, l.reason).at(l.path)
		}
	}
	for i := range f.pointers {
		if r := f.pointers[i].check(v); r != nil {
			return r.at(f.pointers[i].path)
		}
	}
	for i := range f.kept {
		k := &f.kept[i]
		at, ok := k.Reach(v)
		if !ok {
			continue
		}
		if r := w.field(k, at); r != nil {
			return r.at(k.path)
		}
	}
	return nil
}

func (w *walk) field(k *keptField, v reflect.Value) *refusal {
	omit, ok := omitted(&k.Field, v)
	switch {
	case !ok:
		return refused(v.Type(), reason{"its IsZero method panics", "mend it, or drop omitzero"})
	case !omit:
		return w.check(k.plan, v)
	}
	if k.CustomZero() && !k.trusted && !v.IsZero() {
		return refused(v.Type(), reason{"its IsZero method says that it is zero, so that omitzero drops it, but it holds something", "clear it or drop omitzero"})
	}
	return nil
}

// omitted is not ok where a method IsZero panics.
func omitted(f *jsonfields.Field, v reflect.Value) (omit, ok bool) {
	if !f.CustomZero() {
		return f.Omitted(v), true
	}
	defer func() {
		if recover() != nil {
			omit, ok = false, false
		}
	}()
	return f.Omitted(v), true
}

// check refuses an embedded pointer in the struct v that is set and would come back nil.
func (e *embeddedPointer) check(v reflect.Value) *refusal {
	at, ok := jsonfields.Reach(v, e.Index)
	if !ok || at.IsNil() {
		return nil
	}
	if !e.Exported {
		return refused(e.typ, reason{"JSON cannot set an embedded pointer to an unexported struct", "embed the struct itself, or export its type"})
	}
	for i := range e.below {
		below, ok := e.below[i].Reach(v)
		if !ok {
			continue
		}
		if omit, ok := omitted(&e.below[i], below); !omit || !ok {
			return nil // or refused where that field is checked
		}
	}
	return refused(e.typ, reason{"JSON holds none of the fields of this embedded struct, so that it comes back nil", "embed the struct itself, or clear it"})
}

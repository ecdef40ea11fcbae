package snapshot

import (
	"reflect"
	"testing"
)

// copied copies v and fails if the copy differs, or if what it says of sharing
// is not wanted.
func copied[T any](t *testing.T, v T, shared bool) T {
	t.Helper()
	dup, _, s := PlanOf(reflect.TypeFor[T]()).Copy(reflect.ValueOf(&v).Elem())
	if s != shared {
		t.Errorf("copy of %T: shared %v, want %v", v, s, shared)
	}
	if !equal(v, dup.Interface().(T)) {
		t.Errorf("copy of %T is not equal", v)
	}
	detached := v
	if _, s := PlanOf(reflect.TypeFor[T]()).Detach(reflect.ValueOf(&detached).Elem()); s != shared {
		t.Errorf("detached %T: shared %v, want %v", v, s, shared)
	}
	if !equal(v, detached) {
		t.Errorf("detached %T is not equal", v)
	}
	return *dup.Addr().Interface().(*T)
}

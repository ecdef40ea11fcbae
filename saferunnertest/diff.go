package saferunnertest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// difference is one place in which two calls differ.
type difference struct {
	path  string // of a field, empty for the arguments as a whole
	note  string // how they differ, if there is something to say
	text  string // the two sides, on lines of their own
	whole *whole // what was cut, if something was
}

// whole is what a text shows parts of.
type whole struct{ want, got []byte }

// maxDifferences bounds how many differences of a call are shown.
const maxDifferences = 20

// differences returns in what two calls of one task differ, the first ones, and
// in how many places they do. Names of package pkg are not qualified.
func differences(want, got call, pkg string) (diffs []difference, count int) {
	diffs, count = argumentDifferences(want, got, pkg)
	flag := func(name string, differ bool, w, g string) {
		if differ {
			diffs = append(diffs, difference{path: name, text: sides(w, g)})
			count++
		}
	}
	flag("(async)", want.async != got.async, fmt.Sprint(want.async), fmt.Sprint(got.async))
	flag("(best effort)", want.bestEffort != got.bestEffort, fmt.Sprint(want.bestEffort), fmt.Sprint(got.bestEffort))
	flag("(key)", want.key != got.key, fmt.Sprintf("%q", want.key), fmt.Sprintf("%q", got.key))
	flag("(when)", !want.sameTime(got), want.when(), got.when())
	return diffs, count
}

// argumentDifferences compares the arguments field by field.
func argumentDifferences(want, got call, pkg string) (diffs []difference, count int) {
	if want.sameArgs(got) {
		return nil, 0
	}
	v := viewer{redacted: want.redacted, pkg: pkg}
	wholly := func() ([]difference, int) { return []difference{v.difference("", want.args, got.args)}, 1 }
	if want.args.Type() != got.args.Type() {
		return wholly()
	}
	defer func() {
		if recover() != nil { // an Equal method that panics, say
			diffs, count = wholly()
		}
	}()
	r := fieldReporter{viewer: v}
	cmp.Equal(want.args.Addr().Interface(), got.args.Addr().Interface(), cmp.Reporter(&r),
		cmp.Exporter(func(reflect.Type) bool { return true }), asRecorded)
	if len(r.diffs) == 0 {
		return wholly()
	}
	return r.diffs, r.count
}

// asRecorded makes cmp find nothing where the recorder finds nothing, and stop
// at what is one thing to a reader.
var asRecorded = cmp.FilterValues(func(a, b any) bool { return isEqual(a, b) || isOneThing(a, b) }, cmp.Comparer(isEqual))

func isEqual(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() {
		return x.IsValid() == y.IsValid()
	}
	return x.Type() == y.Type() && snapshot.PlanOf(x.Type()).Equal(x, y)
}

// isOneThing reports whether two values that differ are shown as a whole: bytes,
// what is told apart by identity, and what differs in what it says of itself.
func isOneThing(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		return false
	}
	if _, ok := messageOf(x); ok {
		return true
	}
	switch t := x.Type(); t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return true
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return true
		}
	}
	s, ok := ownText(x)
	other, also := ownText(y)
	return ok && also && s != other
}

// fieldReporter collects what cmp finds.
type fieldReporter struct {
	viewer
	path  cmp.Path
	diffs []difference
	count int
}

// PushStep implements cmp.Reporter.
func (r *fieldReporter) PushStep(s cmp.PathStep) { r.path = append(r.path, s) }

// PopStep implements cmp.Reporter.
func (r *fieldReporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report implements cmp.Reporter.
func (r *fieldReporter) Report(result cmp.Result) {
	if result.Equal() {
		return
	}
	path, hidden := r.visible()
	name := r.name(path)
	if n := len(r.diffs); n > 0 && hidden && r.diffs[n-1].path == name {
		return // once is enough of what is not shown
	}
	if r.count++; r.count > maxDifferences {
		return
	}
	if hidden {
		r.diffs = append(r.diffs, difference{path: name, text: sides(redacted, redacted+", another value")})
		return
	}
	want, got := r.path.Last().Values()
	r.below = fields(path)
	if diffs, ok := r.messageDifferences(name, want, got); ok {
		r.diffs = append(r.diffs, diffs[:min(len(diffs), maxDifferences)]...)
		r.count += len(diffs) - 1
		return
	}
	r.diffs = append(r.diffs, r.difference(name, want, got))
}

// visible returns the path up to the first redacted field on it, and whether
// there is one: not even the keys beyond it may be shown.
func (r *fieldReporter) visible() (path cmp.Path, hidden bool) {
	for i, step := range r.path {
		field, ok := step.(cmp.StructField)
		if !ok || i == 0 {
			continue
		}
		f, ok := r.path[i-1].Type().FieldByName(field.Name())
		if ok && redact.Tagged(f) || slices.Contains(r.redacted, strings.Join(fields(r.path[:i+1]), ".")) {
			return r.path[:i+1], true
		}
	}
	return r.path, false
}

// fields returns the names of the fields on a path.
func fields(path cmp.Path) (names []string) {
	for _, step := range path {
		if field, ok := step.(cmp.StructField); ok {
			names = append(names, field.Name())
		}
	}
	return names
}

// name writes a path as Go does.
func (r *fieldReporter) name(path cmp.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cmp.StructField:
			b.WriteString("." + s.Name())
		case cmp.SliceIndex:
			want, got := s.SplitKeys()
			fmt.Fprintf(&b, "[%d]", max(want, got))
		case cmp.MapIndex:
			b.WriteString("[" + cut(r.show(s.Key()), maxKey) + "]")
		case cmp.TypeAssertion:
			fmt.Fprintf(&b, ".(%s)", s.Type())
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

const maxKey = 100

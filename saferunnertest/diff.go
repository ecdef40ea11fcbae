package saferunnertest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/saferunner/saferunner/internal/goliteral"
	"github.com/saferunner/saferunner/internal/recorder"
	"github.com/saferunner/saferunner/internal/redact"
)

// difference is one place in which two calls differ.
type difference struct {
	path      string // of a field, empty for the arguments as a whole
	want, got string
}

// differences lists in what two calls of one task differ.
func differences(want, got recorder.Call, pkg string) []difference {
	diffs := argumentDifferences(want, got, pkg)
	flag := func(name string, want, got any) {
		if want != got {
			diffs = append(diffs, difference{name, fmt.Sprint(want), fmt.Sprint(got)})
		}
	}
	flag("(async)", want.Async, got.Async)
	flag("(best effort)", want.BestEffort, got.BestEffort)
	if want.Key != got.Key {
		diffs = append(diffs, difference{"(key)", fmt.Sprintf("%q", want.Key), fmt.Sprintf("%q", got.Key)})
	}
	if !got.When.Same(want.When) {
		diffs = append(diffs, difference{"(when)", when(want), when(got)})
	}
	return diffs
}

func when(c recorder.Call) string {
	switch w := c.When; {
	case w.After != 0:
		return "after " + w.After.String()
	case !w.At.IsZero():
		return "at " + w.At.String()
	default:
		return "at once"
	}
}

// argumentDifferences compares the arguments field by field.
func argumentDifferences(want, got recorder.Call, pkg string) (diffs []difference) {
	if want.Args.Equal(got.Args) {
		return nil
	}
	w, g := reflect.ValueOf(want.Args.Pointer()).Elem(), reflect.ValueOf(got.Args.Pointer()).Elem()
	whole := []difference{{"", goliteral.Value(w, pkg), goliteral.Value(g, pkg)}}
	if w.Type() != g.Type() {
		return whole
	}
	defer func() {
		if recover() != nil { // an Equal method that panics, say
			diffs = whole
		}
	}()
	r := fieldReporter{pkg: pkg}
	cmp.Equal(want.Args.Pointer(), got.Args.Pointer(), cmp.Reporter(&r),
		cmp.Exporter(func(reflect.Type) bool { return true }), byIdentity)
	if len(r.diffs) == 0 {
		return whole
	}
	return r.diffs
}

// byIdentity compares functions as the recorder does.
var byIdentity = cmp.FilterPath(
	func(p cmp.Path) bool { return p.Last().Type() != nil && p.Last().Type().Kind() == reflect.Func },
	cmp.Comparer(func(a, b any) bool {
		return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
	}),
)

// fieldReporter collects what cmp finds.
type fieldReporter struct {
	path  cmp.Path
	pkg   string
	diffs []difference
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
	d := difference{path: fieldPath(path, r.pkg)}
	if hidden {
		d.want, d.got = redacted, redacted+", another value"
	} else {
		want, got := r.path.Last().Values()
		d.want, d.got = r.literal(want), r.literal(got)
	}
	if n := len(r.diffs); n > 0 && hidden && r.diffs[n-1].path == d.path {
		return // once is enough of what is not shown
	}
	r.diffs = append(r.diffs, d)
}

// visible returns the path up to the first redacted field on it, and whether
// there is one: not even the keys beyond it may be shown.
func (r *fieldReporter) visible() (path cmp.Path, hidden bool) {
	for i, step := range r.path {
		field, ok := step.(cmp.StructField)
		if !ok || i == 0 {
			continue
		}
		if f, ok := r.path[i-1].Type().FieldByName(field.Name()); ok && redact.Tagged(f) {
			return r.path[:i+1], true
		}
	}
	return r.path, false
}

func (r *fieldReporter) literal(v reflect.Value) string {
	if !v.IsValid() {
		return "(none)"
	}
	return goliteral.Value(v, r.pkg)
}

func fieldPath(path cmp.Path, pkg string) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cmp.StructField:
			b.WriteString("." + s.Name())
		case cmp.SliceIndex:
			want, got := s.SplitKeys()
			fmt.Fprintf(&b, "[%d]", max(want, got))
		case cmp.MapIndex:
			b.WriteString("[" + goliteral.Value(s.Key(), pkg) + "]")
		case cmp.TypeAssertion:
			fmt.Fprintf(&b, ".(%s)", s.Type())
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

package roundtrip

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/saferunner/saferunner/internal/jsonfields"
	"github.com/saferunner/saferunner/internal/redact"
)

// reason is why a value does not survive, and what its author can do.
type reason struct{ why, fix string }

// refusal is a reason and the value that it is about.
type refusal struct {
	reason
	typ    reflect.Type
	path   []string // innermost first
	detail string   // what a method said; it may quote the value
}

func refused(t reflect.Type, why reason) *refusal { return &refusal{reason: why, typ: t} }

// at adds one step, from further outside, to the path.
func (r *refusal) at(step string) *refusal {
	r.path = append(r.path, step)
	return r
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// key is the step to the entry of a map.
func key(k reflect.Value) string {
	switch {
	case k.Kind() == reflect.String:
		const most = 40
		s := k.String()
		if len(s) > most {
			s = s[:most] + "…"
		}
		return "[" + strconv.Quote(s) + "]"
	case k.CanInt():
		return "[" + strconv.FormatInt(k.Int(), 10) + "]"
	case k.CanUint():
		return "[" + strconv.FormatUint(k.Uint(), 10) + "]"
	}
	return "[" + redact.TypeName(k.Type()) + "]"
}

// err is the refusal of a value inside an argument of type t. What lies inside
// a secret is not named, and no method is quoted that may have seen one.
func (r *refusal) err(t reflect.Type, secrets *redact.Plan) error {
	const ends = 6 // of a long path, only both ends are shown
	path := slices.Clone(r.path)
	slices.Reverse(path)
	var names []string
	for i, step := range path {
		if step[0] != '.' {
			continue
		}
		names = append(names, strings.Split(step[1:], ".")...)
		if secrets.Hides(names) {
			path = path[:i+1]
			break
		}
	}
	if own, _, _ := redact.PlanOf(r.typ); r.detail != "" && own.None() && !secrets.InType() {
		r.why += " (" + r.detail + ")"
	}
	if len(path) > 2*ends {
		path = slices.Concat(path[:ends], []string{"…"}, path[len(path)-ends:])
	}
	return fmt.Errorf("%s%s (%s): %s; %s", root(t), strings.Join(path, ""), redact.TypeName(r.typ), r.why, r.fix)
}

// root names the value that the path starts at.
func root(t reflect.Type) string {
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "arguments"
	}
	if name := redact.TypeName(t); name != t.String() {
		return strings.TrimPrefix(name, "json.")
	}
	return t.Name()
}

// lossOf is the reason for a field of the struct t that JSON leaves out.
func lossOf(r jsonfields.Reason, t reflect.Type) reason {
	owner := "the struct"
	if t.Name() != "" {
		owner = redact.TypeName(t)
	}
	own := "clear it, or give " + owner + " a MarshalJSON and UnmarshalJSON"
	switch r {
	case jsonfields.Ignored:
		return reason{"a field tagged json:\"-\" that is not zero would be lost in JSON", "drop the tag, " + own}
	case jsonfields.Shadowed:
		return reason{"a field that is not zero would be lost in JSON, since another one has its name there", "rename one, " + own}
	}
	return reason{"an unexported field that is not zero would be lost in JSON", "export it, " + own}
}

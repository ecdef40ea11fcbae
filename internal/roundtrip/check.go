package roundtrip

import (
	"math"
	"reflect"
	"unicode/utf8"

	"github.com/saferunner/saferunner/internal/redact"
)

// maxDepth bounds how deep a value may nest: half of what encoding/json reads,
// so that there is room for an envelope and for the methods of types.
const maxDepth = 5_000

// cycleDepth is where Check begins to remember pointers.
const cycleDepth = 100

// Check returns nil if v survives JSON, else an error that names the first
// value found that does not, by its path of fields, with what to do about it.
// v must be of the plan's type and must not change meanwhile. secrets is the
// plan for the same type of what is redacted: what lies inside a secret the
// error does not name. With nil, the tags of the type count.
//
// Check promises this however v is encoded: as a value or through a pointer to
// it. It calls the methods that encoding/json calls, for both directions, and
// IsZero; one that panics is a reason to refuse. It costs a walk over what is not
// certain by type, and allocates only for maps, for values with methods of
// their own and for values nested deeper than 100.
func (p *Plan) Check(v reflect.Value, secrets *redact.Plan) error {
	if p.texts != nil && p.validTexts(v) {
		return nil
	}
	r := p.find(v)
	if r == nil {
		return nil
	}
	if secrets == nil {
		secrets, _, _ = redact.PlanOf(p.typ)
	}
	return r.err(p.typ, secrets)
}

// validTexts is the check of most structs.
func (p *Plan) validTexts(v reflect.Value) bool {
	for _, index := range p.texts {
		if !utf8.ValidString(v.FieldByIndex(index).String()) {
			return false
		}
	}
	return true
}

// find returns why v does not survive, nil if it does.
func (p *Plan) find(v reflect.Value) (r *refusal) {
	defer func() {
		if recover() != nil { // none is known to come this far
			r = refused(p.typ, reason{"a method panics when it is looked at", "mend the method"})
		}
	}()
	w := walk{}
	return w.check(p, v)
}

// walk is one check under way.
type walk struct {
	depth int
	seen  map[visit]struct{} // on the way to here, from cycleDepth on
}

// visit identifies a pointer, map or slice.
type visit struct {
	typ  reflect.Type
	addr uintptr
	len  int
}

func (w *walk) check(p *Plan, v reflect.Value) *refusal {
	if p.always {
		return nil
	}
	switch p.op {
	case refuse:
		return refused(p.typ, p.reason)
	case float:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return refused(p.typ, reason{"JSON cannot hold NaN or infinity", "use a pointer or a flag for \"no number\""})
		}
	case text:
		if !utf8.ValidString(v.String()) {
			return refused(p.typ, reason{"invalid UTF-8 would change in JSON", "use []byte for bytes that are not text"})
		}
	case number:
		return checkNumber(v)
	case raw:
		return checkRaw(v, w.depth)
	case instant:
		return checkTime(v)
	case onlyNil:
		if !v.IsNil() {
			return refused(v.Elem().Type(), reason{"JSON cannot be read back into the interface " + redact.TypeName(p.typ), "use a concrete type"})
		}
	case dynamic:
		return w.dynamic(v)
	case own:
		return checkOwn(v)
	case proto:
		return checkMessage(v)
	default:
		return w.inside(p, v)
	}
	return nil
}

// inside checks what has values inside it.
func (w *walk) inside(p *Plan, v reflect.Value) *refusal {
	if r := w.enter(v); r != nil {
		return r
	}
	defer w.leave(v)
	switch p.op {
	case pointer:
		return w.pointer(p, v)
	case list:
		for i := range v.Len() {
			if r := w.check(p.elem, v.Index(i)); r != nil {
				return r.at(index(i))
			}
		}
	case mapping:
		return w.mapping(p, v)
	case structure:
		return w.structure(p.fields, v)
	}
	return nil
}

func (w *walk) enter(v reflect.Value) *refusal {
	if w.depth++; w.depth <= cycleDepth {
		return nil
	}
	if w.depth > maxDepth {
		return refused(v.Type(), reason{"JSON cannot be read back when it nests this deep", "pass a flat list"})
	}
	if at, ok := visited(v); ok {
		if _, again := w.seen[at]; again {
			return refused(v.Type(), reason{"JSON cannot hold a cycle", "refer back by an ID"})
		}
		if w.seen == nil {
			w.seen = map[visit]struct{}{}
		}
		w.seen[at] = struct{}{}
	}
	return nil
}

func (w *walk) leave(v reflect.Value) {
	if w.depth > cycleDepth {
		if at, ok := visited(v); ok {
			delete(w.seen, at)
		}
	}
	w.depth--
}

// visited identifies v, if v can be part of a cycle.
func visited(v reflect.Value) (visit, bool) {
	switch v.Kind() {
	case reflect.Slice:
		return visit{v.Type(), v.Pointer(), v.Len()}, v.Len() > 0
	case reflect.Pointer, reflect.Map:
		return visit{v.Type(), v.Pointer(), 0}, !v.IsNil()
	}
	return visit{}, false
}

func (w *walk) pointer(p *Plan, v reflect.Value) *refusal {
	if v.IsNil() {
		return nil
	}
	e := v.Elem()
	if p.elem.null && e.IsNil() || p.elem.op == raw && isNull(e.Bytes()) || p.elem.op == own && ownNull(e) {
		return refused(p.typ, reason{"a pointer to what JSON writes as null comes back as a nil pointer", "pass a nil pointer, or no pointer"})
	}
	return w.check(p.elem, e)
}

func (w *walk) mapping(p *Plan, v reflect.Value) *refusal {
	if v.Len() == 0 {
		return nil
	}
	k, e := reflect.New(p.typ.Key()).Elem(), reflect.New(p.typ.Elem()).Elem()
	for entries := v.MapRange(); entries.Next(); {
		k.SetIterKey(entries)
		if p.key == text && !utf8.ValidString(k.String()) {
			return refused(k.Type(), reason{"a key with invalid UTF-8 would change in JSON", "use valid text as the key"}).at(key(k))
		}
		if p.key == own {
			if r := checkKey(k); r != nil {
				return r
			}
		}
		e.SetIterValue(entries)
		if r := w.check(p.elem, e); r != nil {
			return r.at(key(k))
		}
	}
	return nil
}

// What comes back from JSON in an interface without methods.
var (
	anyList    = PlanOf(reflect.TypeFor[[]any]())
	anyMapping = PlanOf(reflect.TypeFor[map[string]any]())
	anyFloat   = PlanOf(reflect.TypeFor[float64]())
	anyText    = PlanOf(reflect.TypeFor[string]())
	anyBool    = PlanOf(reflect.TypeFor[bool]())
)

func (w *walk) dynamic(v reflect.Value) *refusal {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		return nil
	}
	for _, p := range [...]*Plan{anyText, anyFloat, anyBool, anyMapping, anyList} {
		if v.Type() != p.typ {
			continue
		}
		if p.null && v.IsNil() {
			return refused(v.Type(), reason{"a nil " + redact.TypeName(v.Type()) + " in an interface comes back as a nil interface", "pass nil or an empty one"})
		}
		return w.check(p, v)
	}
	return refused(v.Type(), reason{"a value of this type in an interface comes back from JSON as another type", "use a field of a concrete type"})
}

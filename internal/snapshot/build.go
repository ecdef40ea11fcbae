package snapshot

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
)

// builder makes the plans of one type and of all types that it refers to.
type builder struct {
	made  map[reflect.Type]*Plan
	open  map[*Plan]bool // begun, not yet filled in
	order []*Plan
}

func (b *builder) plan(t reflect.Type) *Plan {
	if p, ok := plans.Load(t); ok {
		return p.(*Plan)
	}
	if p, ok := b.made[t]; ok {
		p.loops = p.loops || b.open[p]
		return p
	}
	p := &Plan{typ: t, kind: t.Kind(), size: int64(t.Size()), equal: equalMethodOf(t), locked: isLock(t)}
	b.made[t] = p
	b.open[p] = true
	b.order = append(b.order, p)
	b.describe(p)
	p.text = p.text && p.flat
	p.methods = p.methods || p.equal != nil
	p.plain = p.flat && !p.methods && t.Comparable() && t.Size() > wordSize && t.Size() <= maxView
	if p.plain {
		p.zero = reflect.Zero(t).Interface()
	}
	delete(b.open, p)
	return p
}

// describe sets what depends on p's kind. Of the types that p refers to, only
// its direct parts (fields, array elements) are sure to be complete here.
func (b *builder) describe(p *Plan) {
	switch p.kind {
	case reflect.Struct:
		b.describeStruct(p)
	case reflect.Array:
		p.elem = b.plan(p.typ.Elem())
		p.flat = p.elem.flat || p.typ.Len() == 0
		p.raw, p.text, p.nan, p.methods = p.elem.raw, p.elem.text, p.elem.nan, p.elem.methods
		p.locked = p.locked || p.elem.locked && p.typ.Len() > 0
	case reflect.Pointer:
		p.elem = b.plan(p.typ.Elem())
		p.flat = p.elem.typ == locationType
	case reflect.Slice:
		p.elem = b.plan(p.typ.Elem())
		p.empty = reflect.MakeSlice(p.typ, 0, 0)
	case reflect.Map:
		p.key, p.elem = b.plan(p.typ.Key()), b.plan(p.typ.Elem())
	case reflect.Interface:
		p.loops = true
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
	default:
		p.flat = true
		p.text = p.kind == reflect.String
		p.raw = !p.text
		p.nan = p.kind >= reflect.Float32 && p.kind <= reflect.Complex128
	}
}

func (b *builder) describeStruct(p *Plan) {
	p.flat, p.raw = true, true
	for i := range p.typ.NumField() {
		sf := p.typ.Field(i)
		f := field{i, sf.Offset, b.plan(sf.Type)}
		p.all = append(p.all, f)
		p.flat = p.flat && f.plan.flat
		p.raw = p.raw && f.plan.raw
		p.text = p.text || f.plan.text
		p.nan = p.nan || f.plan.nan
		p.methods = p.methods || f.plan.methods
		p.locked = p.locked || f.plan.locked
		if f.plan.text {
			p.texts = append(p.texts, f)
		}
		if !f.plan.flat && reachable(sf) {
			p.deep = append(p.deep, f)
		}
	}
	p.flat = p.flat || isUniqueHandle(p.typ)
}

// finish settles what depends on all the types of a recursive group, and
// publishes the plans.
func (b *builder) finish() {
	for _, p := range b.order {
		p.shared = p.keepsShared()
		p.exact = true
	}
	for changed := true; changed; {
		changed = false
		for _, p := range b.order {
			exact, loops := p.exact && p.copiesExactly(), p.loops || p.reachesLoop()
			changed = changed || exact != p.exact || loops != p.loops
			p.exact, p.loops = exact, loops
		}
	}
	for _, p := range b.order {
		plans.Store(p.typ, p)
	}
}

func (p *Plan) keepsShared() bool {
	switch p.kind {
	case reflect.Pointer:
		return p.elem.locked || addressBound[p.elem.typ] || p.typ.Implements(errorType)
	case reflect.Slice, reflect.Map:
		return p.elem.locked
	}
	return false
}

func (p *Plan) copiesExactly() bool {
	switch {
	case p.flat:
		return true
	case p.shared:
		return false
	}
	switch p.kind {
	case reflect.Struct:
		deep := 0
		for _, f := range p.all {
			if !f.plan.flat {
				deep++
			}
		}
		for _, f := range p.deep {
			if !f.plan.exact {
				return false
			}
		}
		return deep == len(p.deep)
	case reflect.Map:
		return p.key.flat && p.elem.exact
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return p.elem.exact
	}
	return false
}

func (p *Plan) reachesLoop() bool {
	if p.elem != nil && p.elem.loops || p.key != nil && p.key.loops {
		return true
	}
	for _, f := range p.all {
		if f.plan.loops {
			return true
		}
	}
	return false
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	locationType = reflect.TypeFor[time.Location]()
	errorType    = reflect.TypeFor[error]()
	lockerType   = reflect.TypeFor[sync.Locker]()

	// addressBound are types without a lock whose values break when copied.
	addressBound = map[reflect.Type]bool{
		reflect.TypeFor[time.Timer]():      true,
		reflect.TypeFor[time.Ticker]():     true,
		reflect.TypeFor[strings.Builder](): true,
		reflect.TypeFor[runtime.Func]():    true,
		reflect.TypeOf(timeType).Elem():    true, // what a reflect.Type points to
	}
)

// reachable reports whether reflection may set the field, or, in an embedded
// struct of an unexported type, its exported fields.
func reachable(f reflect.StructField) bool {
	return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
}

func isLock(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer &&
		!t.Implements(lockerType) && reflect.PointerTo(t).Implements(lockerType)
}

// isUniqueHandle reports whether t is a unique.Handle, which refers to a value
// that cannot change; netip.Addr holds one.
func isUniqueHandle(t reflect.Type) bool {
	return t.PkgPath() == "unique" && strings.HasPrefix(t.Name(), "Handle[")
}

package snapshot

import (
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

// builder makes the plans of one type and of all types that it refers to.
type builder struct {
	made map[reflect.Type]*Plan
}

func (b *builder) plan(t reflect.Type) *Plan {
	if p, ok := plans.Load(t); ok {
		return p.(*Plan)
	}
	if p, ok := b.made[t]; ok {
		return p
	}
	p := &Plan{typ: t, kind: t.Kind(), size: t.Size()}
	b.made[t] = p
	p.listWords()
	b.describe(p)
	return p
}

// describe sets what depends on p's type. Of the types that p refers to, only
// its direct parts (fields, array elements) are sure to be complete here.
func (b *builder) describe(p *Plan) {
	p.op = specialOf(p.typ)
	switch {
	case p.op != keep:
		b.describeSpecial(p)
	case isKept(p.typ):
		p.flat = true
		p.segments = memoryOf(p.typ, 0, nil)
	default:
		p.equal = equalMethodOf(p.typ)
		b.describeKind(p)
		if p.kind != reflect.Interface && implementsShared(p.typ) && !p.flat {
			p.op, p.careful = whole, false
		}
		p.isError = p.kind != reflect.Interface && p.typ.Implements(errorType)
	}
	p.same = sameOf(p.typ)
	if p.equal != nil || p.same != nil || p.careful {
		p.segments = nil
	}
	p.comparable = p.byMemory() && p.typ.Comparable() && !hasFloats(p.segments) && (p.flat || p.kind == reflect.Chan || p.op == structure || p.op == array)
}

func (b *builder) describeSpecial(p *Plan) {
	switch p.op {
	case whole:
		p.segments = memoryOf(p.typ, 0, nil)
		if p.kind == reflect.Pointer {
			p.elem = b.plan(p.typ.Elem())
		}
	case atomicPointer:
		load, _ := p.typ.MethodByName("Load")
		if load.Type == nil {
			load, _ = reflect.PointerTo(p.typ).MethodByName("Load")
		}
		p.elem = b.plan(load.Type.Out(0))
	case protobuf:
		p.elem = &Plan{typ: p.typ.Elem(), kind: p.typ.Elem().Kind(), op: protobufValue, size: p.typ.Elem().Size()}
	}
	p.careful = p.op >= lock && p.op != protobuf
}

func (b *builder) describeKind(p *Plan) {
	switch p.kind {
	case reflect.Struct:
		b.describeStruct(p)
	case reflect.Array:
		b.describeArray(p)
	case reflect.Pointer:
		b.describePointer(p)
	case reflect.Slice:
		p.op, p.elem = slice, b.plan(p.typ.Elem())
	case reflect.Map:
		p.op, p.key, p.elem = mapping, b.plan(p.typ.Key()), b.plan(p.typ.Elem())
	case reflect.Interface:
		p.op = dynamic
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		p.op = whole
		p.segments = []segment{{size: p.size}}
	default:
		p.flat = true
		p.raw = p.kind != reflect.String
		p.segments = []segment{{size: p.size, kind: kindOfSegment(p.kind)}}
		if !p.raw {
			p.strings = []uintptr{0}
		}
	}
}

func (b *builder) describeStruct(p *Plan) {
	p.op, p.flat, p.raw, p.segments = structure, true, true, []segment{}
	byMemory := true
	for i := range p.typ.NumField() {
		sf := p.typ.Field(i)
		f := field{sf.Name, sf.Offset, b.fieldPlan(p.typ, sf)}
		p.flat = p.flat && f.plan.flat
		p.raw = p.raw && f.plan.raw
		p.careful = p.careful || f.plan.careful
		if !f.plan.flat {
			p.deep = append(p.deep, f)
		}
		p.addStrings(f)
		if sf.Name == "_" {
			continue // == does not look at it either
		}
		p.fields = append(p.fields, f)
		byMemory = byMemory && f.plan.byMemory()
		p.addSegments(f)
	}
	if !byMemory || len(p.segments) > maxListed {
		p.segments = nil
	}
}

// fieldPlan returns the plan of what the field holds, which is not always the
// one of its type.
func (b *builder) fieldPlan(owner reflect.Type, f reflect.StructField) *Plan {
	t := f.Type
	switch {
	case owner == builderType && f.Name == "addr":
		return &Plan{typ: t, kind: t.Kind(), op: lock, size: t.Size(), careful: true} // it says where the original lies
	case f.IsExported() || f.Anonymous:
	case t.Kind() == reflect.Interface:
		return &Plan{typ: t, kind: t.Kind(), op: dynamic, size: t.Size(), guarded: true}
	case mayBeLonger(t):
		return &Plan{typ: t, kind: t.Kind(), op: whole, size: t.Size(), segments: []segment{{size: t.Size()}}}
	}
	return b.plan(t)
}

// mayBeLonger reports whether t looks like a pointer to memory of which the
// length is kept elsewhere.
func mayBeLonger(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && (t.Name() != "" || t.Elem().Kind() == reflect.Uint8)
}

func (b *builder) describeArray(p *Plan) {
	p.op, p.elem = array, b.plan(p.typ.Elem())
	n := p.typ.Len()
	p.flat = p.elem.flat || n == 0
	p.raw = p.elem.raw
	p.careful = p.elem.careful && n > 0
	p.manyText = n > 0 && p.elem.hasText() && n*max(len(p.elem.strings), 1) > maxListed
	switch one := p.elem.segments; {
	case n == 0 || p.size == 0:
		p.segments = []segment{}
	case len(one) == 1 && one[0].kind == plainBytes && one[0].size == p.elem.size:
		p.segments = []segment{{size: p.size}}
	case p.elem.byMemory() && n*len(one) <= maxListed:
		for i := range n {
			p.addSegments(field{offset: uintptr(i) * p.elem.size, plan: p.elem})
		}
	}
	if p.flat && p.elem.hasText() && !p.manyText {
		for i := range n {
			p.addStrings(field{offset: uintptr(i) * p.elem.size, plan: p.elem})
		}
	}
}

func (b *builder) describePointer(p *Plan) {
	p.elem = b.plan(p.typ.Elem())
	switch {
	case isImmutable(p.typ.Elem()):
		p.flat = true
	case sharedBehindPointer(p.typ.Elem()):
		p.op = whole
	default:
		p.op = pointer
	}
}

// specialOf returns how types are copied that have a way of their own, else
// keep.
func specialOf(t reflect.Type) op {
	if o, ok := specials[t]; ok {
		return o
	}
	switch {
	case message.Is(t):
		return protobuf
	case message.IsValue(t):
		return protobufValue
	case isGeneric(t, "sync/atomic", "Pointer["):
		return atomicPointer
	case isGeneric(t, "weak", "Pointer[") || t.Kind() != reflect.Interface && isHidden(t.PkgPath()):
		return whole
	}
	return keep
}

package snapshot

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// load copies the value at src to dst, as an assignment does, but for what
// other goroutines may use meanwhile: locks are left alone, and atomics,
// sync.Maps and messages are read by their methods. dst is zero, or src itself:
// then what is not careful stays.
func (p *Plan) load(dst, src unsafe.Pointer) {
	if !p.careful {
		if dst != src {
			p.assign(dst, src)
		}
		return
	}
	switch p.op {
	case structure:
		for _, f := range p.fields {
			f.plan.load(unsafe.Add(dst, f.offset), unsafe.Add(src, f.offset))
		}
	case array:
		p.elem.loadAll(dst, src, p.typ.Len())
	case atomicNumber:
		p.loadNumber(dst, src)
	case atomicPointer:
		offset := p.pointerOffset()
		atomic.StorePointer((*unsafe.Pointer)(unsafe.Add(dst, offset)), atomic.LoadPointer((*unsafe.Pointer)(unsafe.Add(src, offset))))
	case atomicValue:
		if x := (*atomic.Value)(src).Load(); x != nil && dst != src {
			(*atomic.Value)(dst).Store(x)
		}
	case syncMap:
		loadMap((*sync.Map)(dst), (*sync.Map)(src))
	case protobufValue:
		p.loadMessage(dst, src)
	}
}

// loadAll loads n values in a row.
func (p *Plan) loadAll(dst, src unsafe.Pointer, n int) {
	for i := range n {
		offset := uintptr(i) * p.size
		p.load(unsafe.Add(dst, offset), unsafe.Add(src, offset))
	}
}

func (p *Plan) loadNumber(dst, src unsafe.Pointer) {
	to, from := reflect.NewAt(p.typ, dst).Interface(), reflect.NewAt(p.typ, src).Interface()
	switch to := to.(type) {
	case *atomic.Bool:
		to.Store(from.(*atomic.Bool).Load())
	case *atomic.Int32:
		to.Store(from.(*atomic.Int32).Load())
	case *atomic.Int64:
		to.Store(from.(*atomic.Int64).Load())
	case *atomic.Uint32:
		to.Store(from.(*atomic.Uint32).Load())
	case *atomic.Uint64:
		to.Store(from.(*atomic.Uint64).Load())
	case *atomic.Uintptr:
		to.Store(from.(*atomic.Uintptr).Load())
	}
}

// pointerOffset returns where an atomic.Pointer has its pointer.
func (p *Plan) pointerOffset() uintptr {
	for i := range p.typ.NumField() {
		if f := p.typ.Field(i); f.Type.Kind() == reflect.UnsafePointer {
			return f.Offset
		}
	}
	panic("snapshot: " + p.typ.String() + " has no pointer")
}

// loadMap fills dst anew; the two may be the same, or share their insides.
func loadMap(dst, src *sync.Map) {
	type entry struct{ key, value any }
	var all []entry
	src.Range(func(k, v any) bool {
		all = append(all, entry{k, v})
		return true
	})
	at(reflect.TypeFor[sync.Map](), unsafe.Pointer(dst)).SetZero()
	for _, e := range all {
		dst.Store(e.key, e.value)
	}
}

func (p *Plan) loadMessage(dst, src unsafe.Pointer) {
	var dup unsafe.Pointer
	if support() != nil {
		dup, _ = cloneOf(reflect.PointerTo(p.typ), src)
	}
	switch {
	case dup != nil:
		p.assign(dst, dup)
	case dst != src:
		p.assign(dst, src)
	}
}

// detachSynchronised is detach for what load is careful with.
func (c *copier) detachSynchronised(p *Plan, address unsafe.Pointer) {
	switch p.op {
	case lock:
		at(p.typ, address).SetZero()
	case atomicPointer:
		c.detach(p.elem, unsafe.Add(address, p.pointerOffset()))
	case atomicValue:
		v := (*atomic.Value)(address)
		if x := v.Load(); x != nil {
			v.Store(c.value(x, false))
		}
	case syncMap:
		m := (*sync.Map)(address)
		m.Range(func(k, v any) bool {
			c.bytes += mapBytes(anyPlan, 1)
			c.mapKey(anyPlan.key, unsafe.Pointer(&k))
			m.Store(k, c.value(v, false))
			return true
		})
	case protobufValue:
		c.shared = c.shared || support() == nil
	}
}

// anyPlan stands for what a sync.Map holds.
var anyPlan = PlanOf(reflect.TypeFor[map[any]any]())

package snapshot

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/saferunner/saferunner/internal/message"
)

// Check returns an error if v, a value of the plan's type, holds a protobuf
// message and the program does not import saferunnerproto: then v cannot be
// copied. The error says where the message is, and wraps message.ErrMissing.
//
// Check costs next to nothing if saferunnerproto is there, if the type can hold
// neither messages nor interfaces, or if the program is built without protobuf.
// v must not be written to meanwhile.
func (p *Plan) Check(v reflect.Value) error {
	if support() != nil || !v.IsValid() {
		return nil
	}
	if v.Type() != p.typ {
		return PlanOf(v.Type()).Check(v)
	}
	if p.Always() || !p.graph().messages && !protobufLinked() {
		return nil
	}
	address := addressOf(v)
	if address == nil {
		return nil // Copy does not copy it either
	}
	var s messageSearch
	if path, found := s.find(p, address); found != nil {
		return fmt.Errorf("%s%s (%v): %w", name(p.typ), path, found, message.ErrMissing)
	}
	return nil
}

// Always reports whether the type can hold neither messages nor interfaces, so
// that Check need not be called.
func (p *Plan) Always() bool { return p.flat || !p.graph().messages && !p.graph().open }

// protobufLinked reports whether the program can have protobuf messages. Test
// binaries do not say what they are built of.
var protobufLinked = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok || len(info.Deps) == 0 {
		return true
	}
	for _, m := range info.Deps {
		if m.Path == "google.golang.org/protobuf" {
			return true
		}
	}
	return false
})

func name(t reflect.Type) string {
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "arguments"
	}
	return t.Name()
}

// messageSearch looks for the first message, where a copy would meet it.
type messageSearch struct {
	depth  int
	visits int
	seen   map[box]bool // pointers, maps and slices, once there were many
}

// deepest bounds the search: what nests deeper is a list of other things.
const deepest = 100_000

// find returns the type of the first message in the value at an address, and
// the path to it. It leaves out map keys, which may be secret.
func (s *messageSearch) find(p *Plan, address unsafe.Pointer) (path string, found reflect.Type) {
	if s.depth++; s.depth > deepest || p.flat {
		s.depth--
		return "", nil
	}
	defer func() { s.depth-- }()
	switch p.op {
	case protobuf:
		if word(address) != nil {
			found = p.typ
		}
	case protobufValue:
		found = p.typ
	case structure:
		for _, f := range p.deep {
			if path, found := s.find(f.plan, unsafe.Add(address, f.offset)); found != nil {
				return "." + f.name + path, found
			}
		}
	case array:
		return s.elements(p.elem, address, p.typ.Len())
	case pointer:
		if to := word(address); s.isNew(p, to) {
			return s.find(p.elem, to)
		}
	case slice:
		if h := (*sliceHeader)(address); s.isNew(p, h.data) {
			return s.elements(p.elem, h.data, h.len)
		}
	case mapping:
		return s.entries(p, address)
	case dynamic:
		return s.any(at(p.typ, address).Interface())
	default:
		return s.synchronised(p, address)
	}
	return "", found
}

// isNew reports whether a reference is not nil, and was not seen before.
func (s *messageSearch) isNew(p *Plan, to unsafe.Pointer) bool {
	if s.visits++; to == nil || s.seen[box{p, to}] {
		return false
	}
	if s.visits < patience {
		return true
	}
	if s.seen == nil {
		s.seen = map[box]bool{}
	}
	s.seen[box{p, to}] = true
	return true
}

func (s *messageSearch) elements(p *Plan, address unsafe.Pointer, n int) (string, reflect.Type) {
	if p.flat {
		return "", nil
	}
	for i := range n {
		if path, found := s.find(p, unsafe.Add(address, uintptr(i)*p.size)); found != nil {
			return "[" + strconv.Itoa(i) + "]" + path, found
		}
	}
	return "", nil
}

func (s *messageSearch) entries(p *Plan, address unsafe.Pointer) (string, reflect.Type) {
	if p.elem.flat || !s.isNew(p, word(address)) {
		return "", nil
	}
	if p.typ == anyMap {
		for _, x := range *(*map[string]any)(address) {
			if path, found := s.any(x); found != nil {
				return "[…]" + path, found
			}
		}
		return "", nil
	}
	e := reflect.New(p.elem.typ)
	for entries := at(p.typ, address).MapRange(); entries.Next(); {
		e.Elem().SetIterValue(entries)
		if path, found := s.find(p.elem, e.UnsafePointer()); found != nil {
			return "[…]" + path, found
		}
	}
	return "", nil
}

// any is find for what an interface holds.
func (s *messageSearch) any(x any) (string, reflect.Type) {
	switch x.(type) {
	case nil, string, bool, int, int64, float64:
		return "", nil
	}
	v := reflect.ValueOf(x)
	p := PlanOf(v.Type())
	if g := p.graph(); p.op == whole || !g.messages && !g.open {
		return "", nil
	}
	return s.find(p, addressOf(v))
}

func (s *messageSearch) synchronised(p *Plan, address unsafe.Pointer) (path string, found reflect.Type) {
	dup := reflect.New(p.typ)
	p.load(dup.UnsafePointer(), address)
	switch p.op {
	case atomicPointer:
		return s.find(p.elem, unsafe.Add(dup.UnsafePointer(), p.pointerOffset()))
	case atomicValue:
		return s.any((*atomic.Value)(dup.UnsafePointer()).Load())
	case syncMap:
		(*sync.Map)(dup.UnsafePointer()).Range(func(_, v any) bool {
			path, found = s.any(v)
			path = "[…]" + path
			return found == nil
		})
	}
	return path, found
}

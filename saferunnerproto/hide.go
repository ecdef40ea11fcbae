package saferunnerproto

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/anypb"
)

const redacted = "[redacted]"

// mask says which fields below a message are hidden: paths of Go field names.
type mask [][]string

func newMask(paths []string) mask {
	var m mask
	for _, p := range paths {
		m = append(m, strings.Split(p, "."))
	}
	return m
}

// enter returns the mask for what is below fd, and whether fd itself is hidden.
func (m mask) enter(fd protoreflect.FieldDescriptor) (below mask, hidden bool) {
	if o, ok := fd.Options().(*descriptorpb.FieldOptions); ok && o.GetDebugRedact() {
		return nil, true
	}
	for _, path := range m {
		rest, ok := after(path, fd)
		if !ok {
			continue
		}
		// A path that goes on where no message is known hides all there is.
		if len(rest) == 0 || !hasFields(fd) {
			return nil, true
		}
		below = append(below, rest)
	}
	return below, false
}

// after returns what is left of path once it has led to fd. The Go field of a
// oneof may stand before the name of its member, or alone for all members.
func after(path []string, fd protoreflect.FieldDescriptor) (rest []string, ok bool) {
	if one := fd.ContainingOneof(); one != nil && !one.IsSynthetic() && sameName(path[0], one.Name()) {
		if len(path) == 1 {
			return nil, true
		}
		path = path[1:]
	}
	return path[1:], sameName(path[0], fd.Name())
}

// hasFields reports whether a path can go on below fd.
func hasFields(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() {
		fd = fd.MapValue()
	}
	return fd.Message() != nil && fd.Message().FullName() != anyName
}

const anyName = "google.protobuf.Any"

// sameName reports whether a Go name can be the one that the code generator
// made of name. It is generous: card_number, cardNumber and CardNumber_ count
// as the same, so that too much is hidden rather than too little.
func sameName(goName string, name protoreflect.Name) bool {
	bare := func(s string) string { return strings.ReplaceAll(s, "_", "") }
	return strings.EqualFold(bare(goName), bare(string(name)))
}

// hide clears in m what the mask names and what is declared with debug_redact,
// and reports whether there was such a field.
func hide(m protoreflect.Message, names mask) (hid bool) {
	if m.Descriptor().FullName() == anyName {
		return hideInAny(m)
	}
	var clear []protoreflect.FieldDescriptor
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		below, hidden := names.enter(fd)
		if hidden {
			clear = append(clear, fd)
			return true
		}
		eachMessage(fd, v, func(inner protoreflect.Message) { hid = hide(inner, below) || hid })
		return true
	})
	for _, fd := range clear {
		hid = true
		if fd.Kind() == protoreflect.StringKind && fd.Cardinality() != protoreflect.Repeated {
			m.Set(fd, protoreflect.ValueOfString(redacted))
		} else {
			m.Clear(fd)
		}
	}
	return hid
}

// hideInAny hides what the message in an Any declares with debug_redact.
func hideInAny(m protoreflect.Message) bool {
	holder, ok := m.Interface().(*anypb.Any)
	if !ok {
		return false
	}
	inner, err := holder.UnmarshalNew()
	if err != nil || !hide(inner.ProtoReflect(), nil) {
		return false
	}
	value, err := proto.MarshalOptions{AllowPartial: true, Deterministic: true}.Marshal(inner)
	if err != nil {
		value = nil
	}
	holder.Value = value
	return true
}

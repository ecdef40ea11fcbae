package saferunnerproto

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/saferunner/saferunner/internal/message"
)

const none = "(none)"

func differences(want, got proto.Message, hidden []string) []message.Difference {
	if proto.Equal(want, got) {
		return nil
	}
	var d differ
	w, g := want.ProtoReflect(), got.ProtoReflect()
	if w.Descriptor() == g.Descriptor() && !isLeaf(w.Descriptor()) {
		d.messages("", w, g, newMask(hidden))
	}
	if len(d.found) == 0 {
		d.add("", messageText(w, newMask(hidden)), messageText(g, newMask(hidden)))
	}
	return d.found
}

type differ struct{ found []message.Difference }

func (d *differ) add(path, want, got string) {
	d.found = append(d.found, message.Difference{Path: strings.TrimPrefix(path, "."), Want: want, Got: got})
}

func (d *differ) messages(path string, want, got protoreflect.Message, names mask) {
	for _, fd := range populated(want, got) {
		name := "." + string(fd.Name())
		if fd.IsExtension() {
			name = ".[" + string(fd.FullName()) + "]"
		}
		d.field(path+name, fd, want, got, names)
	}
	if w, g := want.GetUnknown(), got.GetUnknown(); !bytes.Equal(w, g) {
		d.add(path+".(unknown fields)", fmt.Sprintf("%d bytes", len(w)), fmt.Sprintf("%d bytes, others", len(g)))
	}
}

// populated returns the fields that are set in one of the messages, in the
// order of their numbers.
func populated(a, b protoreflect.Message) []protoreflect.FieldDescriptor {
	var all []protoreflect.FieldDescriptor
	for _, m := range []protoreflect.Message{a, b} {
		m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			all = append(all, fd)
			return true
		})
	}
	slices.SortFunc(all, func(x, y protoreflect.FieldDescriptor) int { return cmp.Compare(x.Number(), y.Number()) })
	return slices.CompactFunc(all, func(x, y protoreflect.FieldDescriptor) bool { return x.Number() == y.Number() })
}

func (d *differ) field(path string, fd protoreflect.FieldDescriptor, want, got protoreflect.Message, names mask) {
	inWant, inGot := want.Has(fd), got.Has(fd)
	w, g := want.Get(fd), got.Get(fd)
	if inWant == inGot && w.Equal(g) {
		return
	}
	below, hidden := names.enter(fd)
	switch {
	case hidden:
		d.add(path, redacted, redacted+", another value")
	case fd.IsMap():
		d.maps(path, fd.MapValue(), w.Map(), g.Map(), below)
	case fd.IsList():
		d.lists(path, fd, w.List(), g.List(), below)
	default:
		d.values(path, fd, present(w, inWant || !fd.HasPresence()), present(g, inGot || !fd.HasPresence()), below)
	}
}

// present returns v, or the invalid value for one that is not there.
func present(v protoreflect.Value, is bool) protoreflect.Value {
	if !is {
		return protoreflect.Value{}
	}
	return v
}

func (d *differ) lists(path string, fd protoreflect.FieldDescriptor, want, got protoreflect.List, names mask) {
	at := func(l protoreflect.List, i int) protoreflect.Value {
		if i >= l.Len() {
			return protoreflect.Value{}
		}
		return l.Get(i)
	}
	for i := range max(want.Len(), got.Len()) {
		d.values(fmt.Sprintf("%s[%d]", path, i), fd, at(want, i), at(got, i), names)
	}
}

func (d *differ) maps(path string, fd protoreflect.FieldDescriptor, want, got protoreflect.Map, names mask) {
	keys := map[any]protoreflect.MapKey{}
	for _, m := range []protoreflect.Map{want, got} {
		m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys[k.Interface()] = k
			return true
		})
	}
	at := func(m protoreflect.Map, k protoreflect.MapKey) protoreflect.Value { return present(m.Get(k), m.Has(k)) }
	sorted := make([]protoreflect.MapKey, 0, len(keys))
	for _, k := range keys {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, compareKeys)
	for _, k := range sorted {
		d.values(path+"["+keyText(k)+"]", fd, at(want, k), at(got, k), names)
	}
}

func compareKeys(a, b protoreflect.MapKey) int {
	switch x := a.Interface().(type) {
	case string:
		return cmp.Compare(x, b.String())
	case int32, int64:
		return cmp.Compare(a.Int(), b.Int())
	case uint32, uint64:
		return cmp.Compare(a.Uint(), b.Uint())
	}
	return cmp.Compare(a.String(), b.String()) // bools
}

func keyText(k protoreflect.MapKey) string {
	if s, ok := k.Interface().(string); ok {
		return quoted(s)
	}
	return k.String()
}

// values compares single values of field fd; an invalid one is not there.
func (d *differ) values(path string, fd protoreflect.FieldDescriptor, want, got protoreflect.Value, names mask) {
	switch {
	case want.IsValid() && got.IsValid() && want.Equal(got):
	case want.IsValid() && got.IsValid() && fd.Message() != nil && !isLeaf(fd.Message()):
		d.messages(path, want.Message(), got.Message(), names)
	default:
		d.add(path, valueText(fd, want, names), valueText(fd, got, names))
	}
}

// isLeaf reports whether messages of this type read better as a whole: those
// to which protojson gives a form of its own.
func isLeaf(m protoreflect.MessageDescriptor) bool {
	return m.FullName().Parent() == "google.protobuf"
}

func valueText(fd protoreflect.FieldDescriptor, v protoreflect.Value, names mask) string {
	if !v.IsValid() {
		return none
	}
	switch x := v.Interface().(type) {
	case protoreflect.Message:
		return messageText(x, names)
	case protoreflect.EnumNumber:
		if e := fd.Enum().Values().ByNumber(x); e != nil {
			return quoted(string(e.Name()))
		}
		return strconv.Itoa(int(x))
	case string:
		return quoted(x)
	case []byte:
		return quoted(base64.StdEncoding.EncodeToString(x))
	}
	return fmt.Sprint(v.Interface())
}

// messageText returns a message as it is shown, or why it cannot be.
func messageText(m protoreflect.Message, names mask) string {
	dup := proto.Clone(m.Interface())
	hide(dup.ProtoReflect(), names)
	text, err := marshal(dup, showing)
	if err != nil {
		return fmt.Sprintf("(%s without protojson: %v)", m.Descriptor().FullName(), err)
	}
	return string(text)
}

// quoted returns s as JSON text that people can read.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

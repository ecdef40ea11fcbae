package saferunnerproto

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/saferunner/saferunner/internal/message"
)

func init() {
	message.Register(message.Support{
		Clone:     func(m any) any { return proto.Clone(m.(proto.Message)) },
		Equal:     func(a, b any) bool { return proto.Equal(a.(proto.Message), b.(proto.Message)) },
		Size:      func(m any) int64 { return sizeFactor * int64(proto.Size(m.(proto.Message))) },
		Marshal:   func(m any) ([]byte, error) { return marshal(m.(proto.Message), protojson.MarshalOptions{}) },
		Unmarshal: func(data []byte, m any) error { return protojson.Unmarshal(data, m.(proto.Message)) },
		Check:     func(m any) error { return check(m.(proto.Message)) },
		Show:      func(m any, hidden []string) ([]byte, bool, error) { return show(m.(proto.Message), hidden) },
		Hide:      func(m any, hidden []string) bool { return hide(m.(proto.Message).ProtoReflect(), newMask(hidden)) },
		Differences: func(want, got any, hidden []string) []message.Difference {
			return differences(want.(proto.Message), got.(proto.Message), hidden)
		},
	})
}

// sizeFactor is how much more memory a message takes than its wire format,
// roughly.
const sizeFactor = 4

// showing is how messages are marshalled for people.
var showing = protojson.MarshalOptions{AllowPartial: true}

// marshal returns m without the white space that protojson puts in at random.
func marshal(m proto.Message, o protojson.MarshalOptions) ([]byte, error) {
	text, err := o.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func show(m proto.Message, hidden []string) ([]byte, bool, error) {
	m = proto.Clone(m)
	hid := hide(m.ProtoReflect(), newMask(hidden))
	text, err := marshal(m, showing)
	return text, hid, err
}

// check sends m through protojson and looks at what comes back.
func check(m proto.Message) error {
	name := m.ProtoReflect().Descriptor().FullName()
	text, err := marshal(m, protojson.MarshalOptions{})
	if err != nil {
		return fmt.Errorf("message %s has no protojson: %w", name, err)
	}
	if string(text) == "null" {
		return fmt.Errorf("message %s is written as null, which comes back as a nil pointer; pass a nil pointer", name)
	}
	back := m.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal(text, back); err != nil {
		return fmt.Errorf("message %s cannot be read back from protojson: %w", name, err)
	}
	if proto.Equal(m, back) {
		return nil
	}
	if hasUnknown(m.ProtoReflect()) {
		return fmt.Errorf("message %s has unknown fields, which protojson would lose; build with a newer version of the message, or clear them", name)
	}
	return fmt.Errorf("message %s is not the same when it comes back from protojson", name)
}

func hasUnknown(m protoreflect.Message) bool {
	if len(m.GetUnknown()) > 0 {
		return true
	}
	found := false
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		eachMessage(fd, v, func(inner protoreflect.Message) { found = found || hasUnknown(inner) })
		return !found
	})
	return found
}

// eachMessage calls do for the messages that the populated field fd holds.
func eachMessage(fd protoreflect.FieldDescriptor, v protoreflect.Value, do func(protoreflect.Message)) {
	switch {
	case fd.IsMap():
		if fd.MapValue().Message() != nil {
			v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
				do(e.Message())
				return true
			})
		}
	case fd.Message() == nil:
	case fd.IsList():
		for i := range v.List().Len() {
			do(v.List().Get(i).Message())
		}
	default:
		do(v.Message())
	}
}

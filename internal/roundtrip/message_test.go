package roundtrip

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/message"
)

// note stands for a protobuf message.
type note struct{ text string }

func TestMessagesAreAskedOfTheirSupport(t *testing.T) {
	before := message.Support{}
	support, had := message.Registered()
	if had {
		before = *support
	}
	t.Cleanup(func() { message.Register(before) })
	if r := checkMessage(reflect.ValueOf(&note{})); !had && (r == nil || !strings.Contains(r.fix, `add import _ "github.com/saferunner/saferunner/saferunnerproto"`)) {
		t.Errorf("without support: %v", r)
	}
	message.Register(message.Support{Check: func(m any) error {
		switch m.(*note).text {
		case "bad":
			return errors.New("unknown fields")
		case "worse":
			panic("oh")
		}
		return nil
	}})
	for text, want := range map[string]string{"good": "", "bad": "unknown fields", "worse": "panic: oh"} {
		for _, v := range []reflect.Value{reflect.ValueOf(&note{text}), reflect.ValueOf(note{text})} {
			r := checkMessage(v)
			if want == "" && r != nil || want != "" && (r == nil || r.detail != want) {
				t.Errorf("%s: %+v", text, r)
			}
		}
	}
	if r := checkMessage(reflect.ValueOf((*note)(nil))); r != nil {
		t.Errorf("nil: %+v", r)
	}
}

package saferunnertest

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/saferunner/saferunner/internal/message"
)

// messageOf returns what a value is as a protobuf message, if it is one.
func messageOf(v reflect.Value) (m any, ok bool) {
	switch {
	case !v.IsValid() || !v.CanInterface():
		return nil, false
	case message.Is(v.Type()):
		return v.Interface(), !v.IsNil()
	case message.IsValue(v.Type()):
		return addressable(v).Addr().Interface(), true
	}
	return nil, false
}

// messageDifferences lists in which fields two messages differ, if both are some.
func (v viewer) messageDifferences(path string, want, got reflect.Value) (diffs []difference, ok bool) {
	w, ok := messageOf(want)
	g, also := messageOf(got)
	support, registered := message.Registered()
	if !ok || !also || !registered {
		return nil, false
	}
	for _, d := range support.Differences(w, g, v.hidden()) {
		if d.Want == d.Got { // neither side is shown
			d.Got += ", another value"
		}
		name := path
		if d.Path != "" {
			name = strings.TrimPrefix(path+"."+d.Path, ".")
		}
		diffs = append(diffs, v.written(name, d.Want, d.Got))
	}
	return diffs, len(diffs) > 0
}

// messageText shows a message without what is hidden, of which a viewer may know.
func (v viewer) messageText(m any) string {
	name := fmt.Sprintf("%T", m)
	support, ok := message.Registered()
	if !ok || len(v.hidden()) > 0 {
		return name + " /* a protobuf message */"
	}
	text, _, err := support.Show(m, nil)
	if err != nil {
		return name + " /* a protobuf message */"
	}
	return name + "(" + string(text) + ")"
}

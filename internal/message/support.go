package message

import (
	"errors"
	"sync/atomic"
)

// ErrMissing means that a value holds a protobuf message in a program that does
// not import saferunnerproto.
var ErrMissing = errors.New(`a protobuf message needs saferunnerproto: add import _ "github.com/saferunner/saferunner/saferunnerproto"`)

// Support is what can be done with messages. Every m is a message by [Is], and
// not nil. The functions do not change what they are given, unless they say so,
// keep none of it, and are safe for concurrent use, also while other code reads
// the same message.
type Support struct {
	// Clone returns a deep copy of m, of the type of m.
	Clone func(m any) any

	// Equal reports whether two messages are of one type and have equal fields,
	// unknown fields included. A NaN equals a NaN.
	Equal func(a, b any) bool

	// Size returns an estimate of the bytes of memory that m takes.
	Size func(m any) int64

	// Marshal returns m as protojson, the same text for equal messages and
	// without white space.
	Marshal func(m any) ([]byte, error)

	// Unmarshal sets m to what data, protojson, says. It fails for a field that
	// m does not know. What m was before is lost.
	Unmarshal func(data []byte, m any) error

	// Check returns nil if m is the same after Marshal and Unmarshal, else an
	// error that says why it is not.
	Check func(m any) error

	// Show is Marshal for people. It leaves out the content of the fields that
	// hidden names, and of those that are declared with debug_redact: text reads
	// "[redacted]", other fields are cleared. The second result tells whether
	// there was anything to hide. A name in hidden is a path of Go field names
	// with dots, through lists and map values: "Card.Number".
	Show func(m any, hidden []string) (text []byte, hid bool, err error)

	// Hide does to m what Show does before it marshals, and reports whether there
	// was anything to hide. It changes m: give it a Clone.
	Hide func(m any, hidden []string) (hid bool)

	// Differences lists in which fields two messages of one type differ, in the
	// order of the fields. It returns nil only if they are equal. Fields that
	// Show hides are told, but without their content.
	Differences func(want, got any, hidden []string) []Difference
}

// Difference is one field, element or map entry in which two messages differ.
type Difference struct {
	Path      string // as in "items[2].sku", by the names of the fields in the .proto file; empty for the whole message
	Want, Got string // protojson of the value, or "(none)" on the side that does not have it
}

var registered atomic.Pointer[Support]

// Register makes s what [Registered] returns. Package saferunnerproto calls it
// when it is initialised.
func Register(s Support) { registered.Store(&s) }

// Registered returns the support, if the program has it.
func Registered() (*Support, bool) {
	s := registered.Load()
	return s, s != nil
}

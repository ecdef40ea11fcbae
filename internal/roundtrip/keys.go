package roundtrip

import (
	"reflect"

	"github.com/saferunner/saferunner/internal/redact"
)

// keyOp is how to check the keys of a map. Strings are written as they stand,
// others by MarshalText if they have it, integers else by their digits; all are
// read by UnmarshalText if they have it.
func keyOp(t reflect.Type) (op, reason) {
	if name := newer(t); name != "" {
		return refuse, reason{"only Go 1.27 and later call " + name + " of keys of type " + redact.TypeName(t), "add " + older[name] + " too"}
	}
	writesText := t.Implements(textMarshaler)
	readsText := t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(textUnmarshaler)
	use := "use a string or an integer as the key"
	switch {
	case t.Kind() == reflect.String && !readsText:
		return text, reason{}
	case t.Kind() == reflect.String:
		return refuse, reason{"JSON writes keys of type " + redact.TypeName(t) + " as they stand and reads them by UnmarshalText", use}
	case writesText != readsText:
		return refuse, reason{"keys of type " + redact.TypeName(t) + " need MarshalText and UnmarshalText, the first one with a value receiver", use}
	case writesText && reads(t) == byJSON:
		return refuse, reason{"JSON writes keys of type " + redact.TypeName(t) + " by MarshalText and reads them by UnmarshalJSON", use}
	case writesText:
		return own, reason{}
	case isInteger(t.Kind()):
		return always, reason{}
	}
	return refuse, reason{"JSON cannot hold a map with keys of type " + redact.TypeName(t), use}
}

func isInteger(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }

package saferunnertest

import (
	"encoding"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
)

// constantName returns what a number says of itself, such as the name of a constant.
func constantName(v reflect.Value) (name string, ok bool) {
	if !v.CanInterface() || !v.CanInt() && !v.CanUint() || v.Type() == reflect.TypeFor[time.Duration]() {
		return "", false
	}
	defer func() {
		if recover() != nil {
			name, ok = "", false
		}
	}()
	s, ok := v.Interface().(fmt.Stringer)
	if !ok {
		return "", false
	}
	name = strings.ReplaceAll(readable(cut(s.String(), maxKey)), "*/", "* /")
	return strings.ReplaceAll(fmt.Sprintf("%v", name), "\n", " "), true
}

// functionText says which function a value is that is not nil.
func functionText(f reflect.Value) string {
	if fn := runtime.FuncForPC(f.Pointer()); fn != nil {
		file, line := fn.FileLine(fn.Entry())
		return fmt.Sprintf("func %s (%s)", path.Base(fn.Name()), place{file: file, line: line})
	}
	return "a func that is not nil"
}

// holdsSecret reports whether a field that is redacted can be reached from v.
func holdsSecret(v reflect.Value) bool {
	plan, _, _ := redact.PlanOf(v.Type())
	return plan.Has(v)
}

// ownText returns what a value says of itself: by MarshalText, String, Error or
// GoString. Asked are types that hide what they hold, and errors. A value that
// may hold a secret is not asked.
func ownText(v reflect.Value) (text string, ok bool) {
	if _, message := messageOf(v); message || !speaks(v) || holdsSecret(v) {
		return "", false
	}
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	if v.Kind() != reflect.Pointer {
		v = addressable(v).Addr()
	}
	switch x := v.Interface().(type) {
	case error:
		text = x.Error()
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return "", false
		}
		text = string(b)
	case fmt.Stringer:
		text = x.String()
	case fmt.GoStringer:
		text = x.GoString()
	default:
		return "", false
	}
	return readable(text), true
}

func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	free := reflect.New(v.Type()).Elem()
	free.Set(v)
	return free
}

// speaks reports whether a value is one to be asked.
func speaks(v reflect.Value) bool {
	if !v.IsValid() || !v.CanInterface() {
		return false
	}
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		if v.IsNil() {
			return false
		}
		t = t.Elem()
	}
	if v.Type().Implements(errorType) || reflect.PointerTo(t).Implements(errorType) {
		return true
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if !t.Field(i).IsExported() {
				return true
			}
		}
	case reflect.Array:
		return t.Elem().Kind() == reflect.Uint8
	}
	return false
}

var errorType = reflect.TypeFor[error]()

// readable quotes text that would not read as it is.
func readable(text string) string {
	if quoted := fmt.Sprintf("%q", text); text == "" || strings.ContainsAny(text, "()\n") || quoted != `"`+text+`"` {
		return quoted
	}
	return text
}

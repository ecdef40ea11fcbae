package snapshot

import (
	"bytes"
	"context"
	"math/big"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/saferunner/saferunner/internal/message"
)

var (
	contextType     = reflect.TypeFor[context.Context]()
	errorType       = reflect.TypeFor[error]()
	reflectTypeType = reflect.TypeFor[reflect.Type]()
	builderType     = reflect.TypeFor[strings.Builder]()

	specials = map[reflect.Type]op{
		reflect.TypeFor[sync.Mutex]():     lock,
		reflect.TypeFor[sync.RWMutex]():   lock,
		reflect.TypeFor[sync.Once]():      lock,
		reflect.TypeFor[sync.WaitGroup](): lock,
		reflect.TypeFor[sync.Cond]():      lock,
		reflect.TypeFor[sync.Pool]():      lock,

		reflect.TypeFor[atomic.Bool]():    atomicNumber,
		reflect.TypeFor[atomic.Int32]():   atomicNumber,
		reflect.TypeFor[atomic.Int64]():   atomicNumber,
		reflect.TypeFor[atomic.Uint32]():  atomicNumber,
		reflect.TypeFor[atomic.Uint64]():  atomicNumber,
		reflect.TypeFor[atomic.Uintptr](): atomicNumber,
		reflect.TypeFor[atomic.Value]():   atomicValue,
		reflect.TypeFor[sync.Map]():       syncMap,

		reflect.TypeFor[reflect.Value](): whole,
	}

	kept = map[reflect.Type]bool{
		reflect.TypeFor[time.Time]():      true,
		reflect.TypeFor[netip.Addr]():     true,
		reflect.TypeFor[netip.AddrPort](): true,
		reflect.TypeFor[netip.Prefix]():   true,
		reflect.TypeFor[regexp.Regexp]():  true,
	}

	immutable = map[reflect.Type]bool{
		reflect.TypeFor[time.Location](): true,
		reflect.TypeFor[regexp.Regexp](): true,
	}
)

// isKept reports whether values of t are copied by assignment and never
// entered, though they may hold pointers.
func isKept(t reflect.Type) bool {
	return kept[t] || isGeneric(t, "unique", "Handle[")
}

func isGeneric(t reflect.Type, pkg, prefix string) bool {
	return t.PkgPath() == pkg && strings.HasPrefix(t.Name(), prefix)
}

// implementsShared reports whether t is by its methods no data.
func implementsShared(t reflect.Type) bool {
	return t.Implements(contextType) || t.Implements(errorType) || t.Implements(reflectTypeType)
}

// isImmutable reports whether a pointer to t leads to what cannot change.
func isImmutable(t reflect.Type) bool {
	return immutable[t] || reflect.PointerTo(t).Implements(reflectTypeType)
}

// Shared reports whether a pointer to t is shared with its copy, though what it
// leads to can change: it is taken for a service.
func Shared(t reflect.Type) bool { return !isImmutable(t) && sharedBehindPointer(t) }

// sharedBehindPointer reports whether a pointer to t leads to a service.
func sharedBehindPointer(t reflect.Type) bool {
	switch {
	case isHidden(t.PkgPath()), t.PkgPath() == "net/http" && t.Name() == "Client":
		return true
	case t.Kind() != reflect.Struct || isEntered(t):
		return false
	case isService(t, true):
		return true
	}
	return isStandard(t.PkgPath()) && !isStandardData(t) && hasUnexported(t)
}

// isEntered reports whether t has a treatment of its own, wherever it occurs.
func isEntered(t reflect.Type) bool {
	return specialOf(t) != keep || isKept(t)
}

// isService reports whether a value of t holds, in itself, a channel, an unsafe
// pointer, or a function in an unexported field.
func isService(t reflect.Type, exported bool) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.UnsafePointer:
		return true
	case reflect.Func:
		return !exported
	case reflect.Array:
		return t.Len() > 0 && isService(t.Elem(), exported)
	case reflect.Struct:
		if isEntered(t) {
			return false
		}
		for i := range t.NumField() {
			if f := t.Field(i); isService(f.Type, f.IsExported()) {
				return true
			}
		}
	}
	return false
}

func hasUnexported(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return true
		}
	}
	return false
}

// isStandardData reports whether t, of the standard library, is data though it
// has unexported fields.
func isStandardData(t reflect.Type) bool {
	switch t.PkgPath() {
	case "math/big", "net/url", "container/list", "container/ring":
		return true
	case "bytes", "strings":
		return t.Name() == "Buffer" || t.Name() == "Reader" || t.Name() == "Builder"
	}
	return false
}

// sameOf returns the equality of a type of the standard library of which
// neither == nor the fields tell it, else nil.
func sameOf(t reflect.Type) func(a, b unsafe.Pointer) bool { return sames[t] }

var sames = map[reflect.Type]func(a, b unsafe.Pointer) bool{
	reflect.TypeFor[time.Time]():     by(func(a, b *time.Time) bool { return a.Equal(*b) }),
	reflect.TypeFor[time.Location](): by(equalLocations),
	reflect.TypeFor[big.Int]():       by(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
	reflect.TypeFor[big.Rat]():       by(func(a, b *big.Rat) bool { return a.Cmp(b) == 0 }),
	reflect.TypeFor[big.Float]():     by(func(a, b *big.Float) bool { return a.Cmp(b) == 0 }),

	reflect.TypeFor[regexp.Regexp]():   by(func(a, b *regexp.Regexp) bool { return a.String() == b.String() }),
	reflect.TypeFor[bytes.Buffer]():    by(func(a, b *bytes.Buffer) bool { return bytes.Equal(a.Bytes(), b.Bytes()) }),
	reflect.TypeFor[strings.Builder](): by(func(a, b *strings.Builder) bool { return a.String() == b.String() }),
}

func by[T any](equal func(a, b *T) bool) func(a, b unsafe.Pointer) bool {
	return func(a, b unsafe.Pointer) bool { return equal((*T)(a), (*T)(b)) }
}

func equalLocations(a, b *time.Location) bool {
	return a.String() == b.String() && reflect.DeepEqual(a, b) // String waits for time.Local to be known
}

// support returns what is known of messages, or nil.
func support() *message.Support {
	s, _ := message.Registered()
	return s
}

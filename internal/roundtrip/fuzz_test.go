package roundtrip_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/fuzzvalue"
	"github.com/saferunner/saferunner/internal/roundtrip"
)

var fuzzed = []reflect.Type{
	reflect.TypeFor[Order](), reflect.TypeFor[Flat](), reflect.TypeFor[Embedded](), reflect.TypeFor[OnlyPointer](),
	reflect.TypeFor[NamedInner](), reflect.TypeFor[Clash](), reflect.TypeFor[Options](), reflect.TypeFor[Pointers](),
	reflect.TypeFor[Raw](), reflect.TypeFor[Keys](), reflect.TypeFor[List](), reflect.TypeFor[Tree](), reflect.TypeFor[Self](),
	reflect.TypeFor[Anies](), reflect.TypeFor[Functions](), reflect.TypeFor[Methods](), reflect.TypeFor[Halves](),
	reflect.TypeFor[Stamped](), reflect.TypeFor[StampedDeep](), reflect.TypeFor[Overridden](), reflect.TypeFor[StampedPointer](),
	reflect.TypeFor[HalfOverridden](), reflect.TypeFor[Unnamed](), reflect.TypeFor[Arrays](), reflect.TypeFor[any](),
	reflect.TypeFor[*Order](), reflect.TypeFor[map[string]*Item](), reflect.TypeFor[[]byte](), reflect.TypeFor[json.RawMessage](),
	reflect.TypeFor[[]any](), reflect.TypeFor[Money](), reflect.TypeFor[**int](), reflect.TypeFor[json.Number](),
	reflect.TypeFor[Sloppy](), reflect.TypeFor[map[Code]int](), reflect.TypeFor[Nullable](), reflect.TypeFor[[]*Nullable](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[map[Level]time.Time](), reflect.TypeFor[string](),
}

// inAny are the types that fuzzing puts into interfaces.
var inAny = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[[]any](),
	reflect.TypeFor[map[string]any](), reflect.TypeFor[int](), reflect.TypeFor[Item](), reflect.TypeFor[*Tree](),
	reflect.TypeFor[[]string](), reflect.TypeFor[*time.ParseError](), reflect.TypeFor[float64](), reflect.TypeFor[string](),
}

// FuzzRoundTrip holds what Check promises: what it accepts, encoding/json
// writes and strictly reads back as the same value.
func FuzzRoundTrip(f *testing.F) {
	for i := range fuzzed {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), bytes.Repeat([]byte{3, 7, 1, 'a', 5, 2}, 12))
		f.Add(byte(i), bytes.Repeat([]byte{2, 5, 'b', 9, 1, 6, 3}, 20))
	}
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		data = data[:min(len(data), 48)] // sharing grows exponentially in JSON
		typ := fuzzed[int(kind)%len(fuzzed)]
		original := reflect.New(typ)
		filler := fuzzvalue.Filler{Data: data, Dynamic: inAny, Special: special}
		filler.Fill(original.Elem())
		survives(t, original)
	})
}

// TestRoundTrip is the fuzz test on fixed random values; it shows as well that
// every type which can survive is accepted at times, and others are not always.
func TestRoundTrip(t *testing.T) {
	hopeless := map[reflect.Type]bool{
		reflect.TypeFor[NamedInner](): true, reflect.TypeFor[Functions](): true, reflect.TypeFor[StampedPointer](): true,
		reflect.TypeFor[HalfOverridden](): true, reflect.TypeFor[Unnamed](): true,
	}
	// These are always accepted as well, but their methods have to be asked.
	good := map[reflect.Type]bool{reflect.TypeFor[Methods](): true, reflect.TypeFor[Overridden](): true, reflect.TypeFor[Money](): true, reflect.TypeFor[Nullable](): true, reflect.TypeFor[map[Code]int](): true}
	random := rand.New(rand.NewPCG(1, 2))
	for _, typ := range fuzzed {
		accepted, tries := 0, 400
		for range tries {
			data := make([]byte, random.IntN(80))
			for i := range data {
				data[i] = byte(random.Uint32())
			}
			original := reflect.New(typ)
			filler := fuzzvalue.Filler{Data: data, Dynamic: inAny, Special: special}
			filler.Fill(original.Elem())
			if survives(t, original) {
				accepted++
			}
		}
		if always := roundtrip.PlanOf(typ).Always(); (accepted == tries) != (always || good[typ]) {
			t.Errorf("%v: %d of %d values accepted, and always is %v", typ, accepted, tries, always)
		}
		if (accepted == 0) != hopeless[typ] {
			t.Errorf("%v: %d of %d values accepted", typ, accepted, tries)
		}
	}
}

// survives fails the test if Check accepts what pointer points to, and JSON,
// from the value or from the pointer to it, changes it.
func survives(t *testing.T, pointer reflect.Value) (accepted bool) {
	t.Helper()
	plan := roundtrip.PlanOf(pointer.Type().Elem())
	err := plan.Check(pointer.Elem(), nil)
	if err != nil {
		if plan.Always() {
			t.Fatalf("always, and yet %v", err)
		}
		return false
	}
	for _, v := range []any{pointer.Elem().Interface(), pointer.Interface()} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("accepted %#v, but: %v", pointer.Elem(), err)
		}
		back := reflect.New(pointer.Type().Elem())
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(back.Interface()); err != nil {
			t.Fatalf("accepted %#v, but reading %s: %v", pointer.Elem(), b, err)
		}
		if diff := difference(pointer.Elem(), back.Elem()); diff != "" {
			t.Fatalf("accepted %#v, came back from %s as %#v: %s", pointer.Elem(), b, back.Elem(), diff)
		}
	}
	return true
}

// special makes values of the types whose fields nobody sets from outside.
func special(f *fuzzvalue.Filler, v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		year := int(f.Byte())*41 - 100
		*p = time.Date(year, 1, 1, 0, 0, 0, int(f.Byte()), time.UTC)
		if offset := int(int8(f.Byte())); offset != 0 {
			*p = p.In(time.FixedZone("fuzz", offset*900))
		}
	case *json.RawMessage:
		texts := []string{`null`, ` {"a" : [1, "<x>"]} `, `"text"`, `{`, `12`, ``, "\"\xff\""}
		if choice := int(f.Byte()); choice < len(texts) {
			*p = json.RawMessage(texts[choice])
		}
	case *json.Number:
		texts := []string{"0", "-1.5e3", "1e", "x", "01", "", "123456789012345678901234567890"}
		*p = json.Number(texts[int(f.Byte())%len(texts)])
	case *net.IP:
		if choice := f.Byte(); choice > 1 {
			*p = net.IPv4(1, 2, 3, choice)
		}
	case *big.Int:
		p.SetBytes(f.Bytes(12))
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte(append(f.Bytes(4), 1, 2, 3, 4)))
	default:
		return false
	}
	return true
}

// difference describes how two values differ beyond what JSON changes
// harmlessly, and is empty if they do not.
func difference(a, b reflect.Value) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return fmt.Sprintf("%v, not %v", b, a)
	}
	if !a.IsValid() {
		return ""
	}
	if a.CanInterface() {
		if same, known := sameKnown(a.Interface(), b.Interface()); known {
			if !same {
				return fmt.Sprintf("%v, not %v", b, a)
			}
			return ""
		}
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if d := difference(a.Field(i), b.Field(i)); d != "" {
				return a.Type().Field(i).Name + ": " + d
			}
		}
	case reflect.Pointer, reflect.Interface:
		return difference(a.Elem(), b.Elem())
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%d elements, not %d", b.Len(), a.Len())
		}
		for i := range a.Len() {
			if d := difference(a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
	case reflect.Map:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%d entries, not %d", b.Len(), a.Len())
		}
		for entries := a.MapRange(); entries.Next(); {
			if d := difference(entries.Value(), b.MapIndex(entries.Key())); d != "" {
				return d
			}
		}
	case reflect.Chan, reflect.Func:
		if !a.IsNil() || !b.IsNil() {
			return "not nil"
		}
	default:
		if !a.Equal(b) {
			return fmt.Sprintf("%v, not %v", b, a)
		}
	}
	return ""
}

func sameKnown(a, b any) (same, known bool) {
	switch a := a.(type) {
	case time.Time:
		return a.Equal(b.(time.Time)), true
	case json.RawMessage:
		return canonical(a) == canonical(b.(json.RawMessage)), true
	case big.Int:
		other := b.(big.Int)
		return a.Cmp(&other) == 0, true
	}
	return false, false
}

// canonical is raw JSON without what encoding/json changes: spacing, and how <, > and & are written.
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "null" // also where omitempty leaves out an empty one
	}
	b, err := json.Marshal(raw)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

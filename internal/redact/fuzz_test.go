package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/fuzzvalue"
)

// secret stands in tagged fields alone. Filling one always sets the marker.
type secret string

const marker = "hunter2"

type (
	account struct {
		Name    string            `json:"name,omitempty"`
		Token   secret            `json:"token,omitzero" saferunner:"redact"`
		Keys    []secret          `saferunner:"redact"`
		ByName  map[secret]secret `json:",omitempty" saferunner:"redact"`
		private secret            `saferunner:"redact"`
		Pointer *secret           `saferunner:"redact"`
		Friends []*account
		Any     any
	}
	Credentials struct {
		User, Password secret
	}
	session struct {
		Credentials `saferunner:"redact"`
		*account
		ID    int `json:",string"`
		Extra map[string]any
		Times [2]time.Time
	}
	holder struct {
		Accounts map[keyed]account
		Levels   map[level]*session
		Printers []printer
		Texter   *texter
		Opaque   opaque
		hidden   *account
		Odd      map[bool]account
		F        func()
		C        chan account
		X        float64
	}
	keyed struct {
		N     int
		Token secret `saferunner:"redact"`
	}
	level   int8
	printer struct {
		Name string
		account
	}
	texter struct{ Inner account }
	opaque struct{ inside any }
	// declined is an error that says its secret.
	declined struct {
		Token secret `saferunner:"redact"`
		cause error
	}
	// knot is its own pointer.
	knot *knot
	// bare has secrets and no tags: paths name them.
	bare struct {
		Name  string
		Token secret
		List  []struct{ Token secret }
		Deep  map[string]*[1]struct{ Inner struct{ Token secret } }
		Any   any
		E     error
		keyed `saferunner:"redact"`
	}
)

func (k keyed) MarshalText() ([]byte, error) { return []byte(string(k.Token)), nil }
func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", int8(l)), nil }

func (p printer) MarshalJSON() ([]byte, error) { return json.Marshal(spill(p.account)) }

func (x *texter) MarshalText() ([]byte, error) {
	if len(x.Inner.Name)%2 == 1 {
		panic(string(x.Inner.Token))
	}
	return []byte(spill(*x)), nil
}

func (o opaque) MarshalJSON() ([]byte, error) { return json.Marshal(spill(o.inside)) }

func (d *declined) Error() string {
	if d.cause != nil {
		return string(d.Token) + d.cause.Error()
	}
	return string(d.Token)
}

// spill shows all the strings in v, exported or not, a few levels deep.
func spill(v any) string {
	var texts []string
	var walk func(v reflect.Value, depth int)
	walk = func(v reflect.Value, depth int) {
		if depth == 0 {
			return
		}
		switch v.Kind() {
		case reflect.String:
			texts = append(texts, v.String())
		case reflect.Pointer, reflect.Interface:
			walk(v.Elem(), depth-1)
		case reflect.Struct:
			for _, at := range v.Fields() {
				walk(at, depth-1)
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i), depth-1)
			}
		case reflect.Map:
			for entries := v.MapRange(); entries.Next(); {
				walk(entries.Key(), depth-1)
				walk(entries.Value(), depth-1)
			}
		}
	}
	walk(reflect.ValueOf(v), 8)
	return strings.Join(texts, " ")
}

// Types without any tag.
type (
	Base struct {
		ID   int    `json:"id,omitempty"`
		Name string `json:"<name>"`
	}
	plain struct {
		Base
		*ignored
		S    string          `json:",string"`
		F    float64         `json:",omitzero"`
		P    *uint8          `json:",string"`
		Raw  json.RawMessage `json:",omitempty"`
		N    json.Number     `json:",string,omitempty"`
		B    []byte
		M    map[level]*plain
		I    map[int8]bool
		A    [2]any
		T    time.Time `json:"t,omitzero"`
		Text *upper
		By   upper
		Bits []bit
		ByQ  upper `json:",string"`
		L    []upper
		Any  map[string]any `json:"any,omitempty"`
		E    error
		none int
	}
	ignored struct{ Name string }
	upper   string
	bit     uint8
)

func (b bit) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%b", uint8(b)), nil }

// MarshalText has a pointer receiver, so that it counts only where a value is addressable.
func (u *upper) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(*u))), nil }

var (
	withTags = []reflect.Type{reflect.TypeFor[account](), reflect.TypeFor[session](), reflect.TypeFor[*holder](), reflect.TypeFor[holder](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any](), reflect.TypeFor[opaque](), reflect.TypeFor[map[keyed]any](), reflect.TypeFor[*any](), reflect.TypeFor[*declined](), reflect.TypeFor[[]error](), reflect.TypeFor[struct {
		K knot
		A any
	}]()}
	withoutTags = []reflect.Type{reflect.TypeFor[plain](), reflect.TypeFor[*plain](), reflect.TypeFor[[]plain](), reflect.TypeFor[map[string]plain](), reflect.TypeFor[any](), reflect.TypeFor[[2]upper]()}

	inAnyWithTags    = []reflect.Type{reflect.TypeFor[account](), reflect.TypeFor[*session](), reflect.TypeFor[printer](), reflect.TypeFor[*texter](), reflect.TypeFor[opaque](), reflect.TypeFor[*holder](), reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[int](), reflect.TypeFor[map[keyed]string](), reflect.TypeFor[**account](), reflect.TypeFor[*declined](), reflect.TypeFor[knot]()}
	inAnyWithoutTags = []reflect.Type{reflect.TypeFor[*plain](), reflect.TypeFor[plain](), reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[string](), reflect.TypeFor[level](), reflect.TypeFor[upper](), reflect.TypeFor[*upper](), reflect.TypeFor[float64]()}
)

func special(f *fuzzvalue.Filler, v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *secret:
		*p = marker
	case *time.Time:
		*p = time.Unix(int64(f.Byte()), 0).UTC()
	case *json.RawMessage:
		texts := []string{"null", " {} ", "{", `"<"`, "[1, 2]"}
		*p = json.RawMessage(texts[int(f.Byte())%len(texts)])
	case *json.Number:
		*p = json.Number([]string{"1", "", "x"}[int(f.Byte())%3])
	default:
		return false
	}
	return true
}

func fill(t reflect.Type, data []byte, dynamic []reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	f := fuzzvalue.Filler{Data: data[:min(len(data), 64)], Dynamic: dynamic, Special: special}
	f.Fill(v)
	return v
}

// FuzzRedact holds that no secret is ever shown, that the output is always
// valid JSON, and that without tags it is what encoding/json writes.
func FuzzRedact(f *testing.F) {
	for i := range max(len(withTags), len(withoutTags)) {
		f.Add(byte(i), []byte{})
		f.Add(byte(i), bytes.Repeat([]byte{3, 7, 1, 'a', 5, 2}, 10))
		f.Add(byte(i), bytes.Repeat([]byte{2, 5, 'b', 9, 1, 6, 3}, 9))
	}
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		keepsSecrets(t, fill(withTags[int(kind)%len(withTags)], data, inAnyWithTags))
		keepsSecrets(t, fill(reflect.TypeFor[bare](), data, inAnyWithTags), "Token", "List.Token", "Deep.Inner")
		agrees(t, fill(withoutTags[int(kind)%len(withoutTags)], data, inAnyWithoutTags))
	})
}

// keepsSecrets reports whether v held a secret, too.
func keepsSecrets(t *testing.T, v reflect.Value, paths ...string) bool {
	t.Helper()
	p, _, _ := PlanOf(v.Type(), paths...)
	raw := p.JSON(v)
	if !json.Valid(raw) {
		t.Fatalf("invalid JSON for a %v: %s", v.Type(), raw)
	}
	if bytes.Contains(bytes.ToLower(raw), []byte(marker)) {
		t.Fatalf("a secret of a %v shows: %s", v.Type(), raw)
	}
	found := p.Has(v)
	if found && p.None() {
		t.Fatalf("a secret in a %v, although its type has none", v.Type())
	}
	if fresh := p.JSON(reflect.ValueOf(v.Interface())); bytes.Contains(fresh, []byte(marker)) {
		t.Fatalf("a secret of a %v shows: %s", v.Type(), fresh)
	}
	if text := spill(p.Copy(v).Interface()); strings.Contains(text, marker) {
		t.Fatalf("a secret of a %v is in its copy: %s", v.Type(), text)
	}
	return found
}

// agrees compares with encoding/json what JSON writes, and what it writes field by field.
func agrees(t *testing.T, v reflect.Value) (compared bool) {
	t.Helper()
	p, _, _ := PlanOf(v.Type())
	raw := p.JSON(reflect.ValueOf(v.Interface()))
	if !json.Valid(raw) {
		t.Fatalf("invalid JSON for a %v: %s", v.Type(), raw)
	}
	want, err := json.Marshal(v.Interface())
	if err != nil {
		return false
	}
	if !bytes.Equal(raw, want) {
		t.Fatalf("%v:\n got %s\nwant %s", v.Type(), raw, want)
	}
	if v = reflect.ValueOf(v.Interface()); !v.IsValid() {
		return false
	}
	for _, plain := range []bool{true, false} {
		e := encoder{}
		e.value(nodeOf(v.Type()), v, plain)
		if !bytes.Equal(e.out, want) {
			t.Fatalf("field by field, %v:\n got %s\nwant %s", v.Type(), e.out, want)
		}
	}
	return true
}

// TestRedact is the fuzz test on fixed random values; it shows as well that
// these hold secrets at times, and can be compared.
func TestRedact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	secrets, compared := 0, 0
	for i := range 4000 {
		data := make([]byte, random.IntN(64))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if keepsSecrets(t, fill(withTags[i%len(withTags)], data, inAnyWithTags)) {
			secrets++
		}
		keepsSecrets(t, fill(reflect.TypeFor[bare](), data, inAnyWithTags), "Token", "List.Token", "Deep.Inner")
		if agrees(t, fill(withoutTags[i%len(withoutTags)], data, inAnyWithoutTags)) {
			compared++
		}
	}
	if secrets < 1000 || compared < 1000 {
		t.Errorf("only %d values held secrets, only %d could be compared", secrets, compared)
	}
}

func TestPlansAreShared(t *testing.T) {
	plans := make(chan *Plan)
	for range 4 {
		go func() {
			p, _, _ := PlanOf(reflect.TypeFor[map[level]session]())
			plans <- p
		}()
	}
	first := <-plans
	for range 3 {
		if p := <-plans; p != first {
			t.Error("two plans for one type")
		}
	}
}

var _ = account{private: ""}
var _ = holder{hidden: nil}
var _ = plain{none: 0}

package roundtrip_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/redact"
	"github.com/saferunner/saferunner/internal/roundtrip"
)

// Types with methods for both directions. Each method does what the struct says.
type (
	Method struct {
		Text       string
		cache      *string // what a value has been through
		WriteErr   bool
		WritePanic bool
		ReadErr    bool
		ReadPanic  bool
		Lose       bool
	}
	// Sloppy writes a part, which Equal finds out.
	Sloppy struct{ A, B int }
	// SloppyPointer has Equal on pointers.
	SloppyPointer struct{ A, B int }
	// Lazy is equal if its text is.
	Lazy struct {
		text string
		hash int
	}
	// Nullable is null where it is zero.
	Nullable struct{ n int }
	// Code is a key that can fail.
	Code int
	// ZeroPanics cannot be asked whether it is zero.
	ZeroPanics struct{ N int }
	Zeros      struct {
		Z ZeroPanics `json:",omitzero"`
	}
	ZerosInside struct {
		*Zeros
	}
	OnlyNew    struct{ n int }
	OnlyNewIn  struct{ n int }
	OnlyAppend struct{ n int }
	Odd        struct {
		A int `json:"a'b"`
	}
	OddOption struct {
		M map[string]int `json:",embed"`
	}
	OddEmbedded struct {
		Item `json:"☃"`
	}
	Sealed struct {
		Key    Method         `saferunner:"redact"`
		Tokens map[string]any `saferunner:"redact"`
		Plain  map[string]Method
	}
)

func (m Method) MarshalText() ([]byte, error) {
	switch {
	case m.WriteErr:
		return nil, errors.New("cannot write " + m.Text)
	case m.WritePanic:
		panic("cannot write " + m.Text)
	case m.ReadErr:
		return []byte("error"), nil
	case m.ReadPanic:
		return []byte("panic"), nil
	case m.Lose:
		return []byte("lose"), nil
	}
	return []byte("text " + m.Text), nil
}

func (m *Method) UnmarshalText(b []byte) error {
	switch s := string(b); s {
	case "error":
		return errors.New("cannot read it")
	case "panic":
		panic("cannot read it")
	default:
		m.Text = strings.TrimPrefix(s, "text ")
		return nil
	}
}

func (s Sloppy) MarshalJSON() ([]byte, error)         { return json.Marshal(s.A) }
func (s *Sloppy) UnmarshalJSON(b []byte) error        { return json.Unmarshal(b, &s.A) }
func (s Sloppy) Equal(o Sloppy) bool                  { return s == o }
func (s *SloppyPointer) MarshalText() ([]byte, error) { return fmt.Append(nil, s.A), nil }
func (s *SloppyPointer) UnmarshalText(b []byte) error { return json.Unmarshal(b, &s.A) }
func (s *SloppyPointer) Equal(o *SloppyPointer) bool  { return *s == *o }
func (l Lazy) MarshalJSON() ([]byte, error)           { return json.Marshal(l.text) }
func (l *Lazy) UnmarshalJSON(b []byte) error          { return json.Unmarshal(b, &l.text) }
func (l Lazy) Equal(o Lazy) bool                      { return l.text == o.text }

func (n Nullable) MarshalJSON() ([]byte, error) {
	if n.n == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(n.n)
}
func (n *Nullable) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &n.n) }

func (c Code) MarshalText() ([]byte, error) {
	switch c {
	case 1:
		return nil, errors.New("no code 1")
	case 2:
		panic("no code 2")
	case 3:
		return []byte("x"), nil
	case 4:
		return []byte("5"), nil
	}
	return fmt.Append(nil, int(c)), nil
}

func (c *Code) UnmarshalText(b []byte) error {
	var n int
	err := json.Unmarshal(b, &n)
	*c = Code(n)
	return err
}

func (z ZeroPanics) IsZero() bool                      { panic("no zero") }
func (OnlyNew) MarshalJSONTo(any) error                { return nil }
func (*OnlyNewIn) UnmarshalJSONFrom(any) error         { return nil }
func (OnlyAppend) AppendText(b []byte) ([]byte, error) { return b, nil }

func TestMethodsAreAsked(t *testing.T) {
	warm := "warm"
	for name, tt := range map[string]struct {
		err  error
		want string // "" if it survives
	}{
		"good":              {check(Method{Text: "x"}), ""},
		"used":              {check(Method{Text: "x", cache: &warm}), ""},
		"lazy":              {check(Lazy{text: "x", hash: 7}), ""},
		"write error":       {check([]Method{{}, {Text: "x", WriteErr: true}}), "arguments[1] (roundtrip_test.Method): its own methods cannot write it"},
		"says why":          {check(Method{Text: "x", WriteErr: true}), "cannot write x"},
		"write panic":       {check(map[string]Method{"k": {WritePanic: true}}), `arguments["k"] (roundtrip_test.Method): its own methods cannot write it`},
		"read error":        {check(&Method{ReadErr: true}), "write what they do not read (cannot read it)"},
		"read panic":        {check(Method{ReadPanic: true}), "write what they do not read (panic: cannot read it)"},
		"other value":       {check(Method{Lose: true}), "read another value than they wrote"},
		"not equal":         {check(Sloppy{1, 2}), "read another value than they wrote"},
		"equal":             {check(Sloppy{1, 0}), ""},
		"not equal pointer": {check(&SloppyPointer{1, 2}), "read another value than they wrote"},
		"equal pointer":     {check(&SloppyPointer{1, 0}), ""},
		"bad prefix":        {check(struct{ P netip.Prefix }{netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 99)}), "arguments.P (netip.Prefix)"},
		"good prefix":       {check(netip.MustParsePrefix("10.0.0.0/8")), ""},
		"null":              {check([]Nullable{{}, {1}}), ""},
		"pointer to null":   {check(&Nullable{}), "comes back as a nil pointer"},
		"nil pointer":       {check((*Nullable)(nil)), ""},
		"no methods":        {check(url.URL{Host: "x"}), ""},
		"key":               {check(map[Code]int{7: 1}), ""},
		"key error":         {check(map[Code]int{1: 1}), "MarshalText of a key fails (no code 1)"},
		"key panic":         {check(map[Code]int{2: 1}), "MarshalText of a key fails (panic: no code 2)"},
		"key not read":      {check(map[Code]int{3: 1}), "does not read what MarshalText wrote"},
		"other key":         {check(map[Code]int{4: 1}), "reads another key"},
		"zero panics":       {check(Zeros{}), "Zeros.Z (roundtrip_test.ZeroPanics): its IsZero method panics"},
		"zero inside":       {check(ZerosInside{&Zeros{}}), "ZerosInside.Zeros.Z (roundtrip_test.ZeroPanics): its IsZero method panics"},
		"new writer":        {check(OnlyNew{}), "only Go 1.27 and later call MarshalJSONTo of roundtrip_test.OnlyNew; add MarshalJSON too"},
		"new reader":        {check([]OnlyNewIn{{}}), "add UnmarshalJSON too"},
		"new text":          {check(OnlyAppend{}), "add MarshalText too"},
		"new key":           {check(map[OnlyAppend]int{}), "keys of type roundtrip_test.OnlyAppend"},
		"odd name":          {check(Odd{}), `Odd.A (int): Go 1.26 and Go 1.27 read the tag json:"a'b" differently; use a plain name`},
		"odd option":        {check(OddOption{}), `OddOption.M (map[string]int)`},
		"odd embedded":      {check(OddEmbedded{}), `OddEmbedded.Item (roundtrip_test.Item)`},
	} {
		if tt.want == "" && tt.err != nil || tt.want != "" && (tt.err == nil || !strings.Contains(tt.err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %s", name, tt.err, tt.want)
		}
	}
}

// TestNilAndEmpty shows what becomes of nil and empty slices and maps.
func TestNilAndEmpty(t *testing.T) {
	type lists struct {
		S    []int
		B    []byte
		M    map[string]int
		R    json.RawMessage
		Omit []int          `json:",omitempty"`
		Drop map[string]int `json:",omitzero"`
	}
	for _, v := range []lists{
		{},
		{S: []int{}, B: []byte{}, M: map[string]int{}, R: json.RawMessage("null"), Drop: map[string]int{}},
	} {
		if err := check(v); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back lists
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		v.R, back.R = nil, nil // nil and null are the same
		if !reflect.DeepEqual(v, back) {
			t.Errorf("%#v came back as %#v", v, back)
		}
	}
	if err := check(lists{Omit: []int{}}); err != nil { // comes back nil, which omitempty asks for
		t.Error(err)
	}
}

func TestErrorsNameNothingInsideSecrets(t *testing.T) {
	bad := Method{Text: "hunter2", WriteErr: true}
	for _, tt := range []struct {
		v     Sealed
		paths []string
		want  string
	}{
		{Sealed{Key: bad}, nil, "Sealed.Key (roundtrip_test.Method): its own methods cannot write it; mend them, or pass a value that they can hold"},
		{Sealed{Tokens: map[string]any{"hunter2": map[string]any{"x": 1}}}, nil, "Sealed.Tokens (int): a value of this type in an interface comes back from JSON as another type; use a field of a concrete type"},
		{Sealed{Plain: map[string]Method{"hunter2": bad}}, []string{"Plain"}, "Sealed.Plain (roundtrip_test.Method): its own methods cannot write it; mend them, or pass a value that they can hold"},
	} {
		secrets, unknown, err := redact.PlanOf(reflect.TypeFor[Sealed](), tt.paths...)
		if err != nil || len(unknown) > 0 {
			t.Fatal(unknown, err)
		}
		got := roundtrip.PlanOf(reflect.TypeFor[Sealed]()).Check(reflect.ValueOf(tt.v), secrets)
		if got == nil || got.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", got, tt.want)
		}
	}
}

package jsonfields_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/jsonfields"
)

type (
	Base struct {
		ID     int
		Name   string
		secret int
	}
	Other  struct{ Name string }
	Tagged struct {
		X string `json:"Name"`
	}
	Loop struct {
		*Loop
		N int
	}
	Twice1 struct{ Base }
	Twice2 struct{ Base }
	hidden struct{ Shown int }
	text   string //nolint:unused // embedded below, where it is looked up by reflection

	Plain struct {
		A int    `json:"a"`
		B string `json:"b,omitempty"`
		C bool   `json:"-"`
		D bool   `json:"-,"`
		E *int   `json:",string,omitzero"`
		F []int  `json:",string"`
		G int    `json:"x y"`
		h int
	}
	Conflict struct {
		Base
		Other
	}
	TagWins struct {
		Base
		Other
		Tagged
	}
	Outer struct {
		Base
		Name string
	}
	Doubled struct {
		Twice1
		Twice2
	}
	Unexported struct {
		hidden
		text
		*Base
	}
	Named struct {
		Base   `json:"base"`
		hidden `json:"hidden"`
	}
	Loops struct{ Loop }
)

var types = []any{Plain{}, Conflict{}, TagWins{}, Outer{}, Doubled{}, Unexported{}, Named{}, Loops{}, Base{secret: 1}, Plain{h: 1}}

// names follows each index from t to the Go name of the field.
func names(t reflect.Type, index []int) string {
	var path []string
	for _, x := range index {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		path = append(path, t.Field(x).Name)
		t = t.Field(x).Type
	}
	return strings.Join(path, ".")
}

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		v            any
		fields, lost string
	}{
		{Plain{}, "A=a B=b(omitempty) D=- E=E(omitzero,string) F=F G=x y", "C:ignored h:unexported"},
		{Conflict{}, "Base.ID=ID", "Base.Name:shadowed Base.secret:unexported Other.Name:shadowed"},
		{TagWins{}, "Base.ID=ID Tagged.X=Name", "Base.Name:shadowed Base.secret:unexported Other.Name:shadowed"},
		{Outer{}, "Base.ID=ID Name=Name", "Base.Name:shadowed Base.secret:unexported"},
		{Doubled{}, "", "Twice1.Base.ID:shadowed Twice1.Base.Name:shadowed Twice1.Base.secret:unexported Twice2.Base:shadowed"},
		{Unexported{}, "hidden.Shown=Shown Base.ID=ID Base.Name=Name", "Base.secret:unexported text:unexported"},
		{Named{}, "Base=base hidden=hidden", ""},
		{Loops{}, "Loop.N=N", "Loop.Loop:shadowed"},
	} {
		typ := reflect.TypeOf(tt.v)
		s := jsonfields.Of(typ)
		var fields, lost []string
		for _, f := range s.Fields {
			var options []string
			for name, on := range map[string]bool{"omitempty": f.OmitEmpty, "omitzero": f.OmitZero, "string": f.Quoted} {
				if on {
					options = append(options, name)
				}
			}
			slices.Sort(options)
			text := names(typ, f.Index) + "=" + f.Name
			if len(options) > 0 {
				text += "(" + strings.Join(options, ",") + ")"
			}
			fields = append(fields, text)
		}
		for _, l := range s.Lost {
			lost = append(lost, names(typ, l.Index)+":"+[]string{"unexported", "ignored", "shadowed"}[l.Reason])
		}
		slices.Sort(lost)
		if got := strings.Join(fields, " "); got != tt.fields {
			t.Errorf("%T: fields %q, want %q", tt.v, got, tt.fields)
		}
		if got := strings.Join(lost, " "); got != tt.lost {
			t.Errorf("%T: lost %q, want %q", tt.v, got, tt.lost)
		}
	}
}

// TestOfAgreesWithEncodingJSON compares names and order with what encoding/json
// writes when every embedded pointer is set.
func TestOfAgreesWithEncodingJSON(t *testing.T) {
	for _, v := range types {
		typ := reflect.TypeOf(v)
		s := jsonfields.Of(typ)
		if len(s.Odd) > 0 {
			continue
		}
		value := reflect.New(typ).Elem()
		for _, p := range s.Pointers {
			at, ok := jsonfields.Reach(value, p.Index)
			if ok && p.Exported {
				at.Set(reflect.New(at.Type().Elem()))
			}
		}
		var want []string
		for _, f := range s.Fields {
			if at, ok := f.Reach(value); ok && !f.Omitted(at) {
				want = append(want, f.Name)
			}
		}
		b, err := json.Marshal(value.Interface())
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(t, b); !slices.Equal(got, want) {
			t.Errorf("%T: encoding/json writes %q, the list has %q", v, got, want)
		}
	}
}

// keys lists the keys of a JSON object in order.
func keys(t *testing.T, object []byte) (names []string) {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

type byValue int

func (b byValue) IsZero() bool { return b == 7 }

type byPointer int

func (b *byPointer) IsZero() bool { return *b == 7 }

type zeroer interface{ IsZero() bool }

func TestOmitted(t *testing.T) {
	type all struct {
		Empty  string          `json:",omitempty"`
		Struct struct{}        `json:",omitempty"`
		Array  [0]int          `json:",omitempty"`
		Ptr    *int            `json:",omitempty"`
		Float  float64         `json:",omitempty"`
		Iface  any             `json:",omitempty"`
		V      byValue         `json:",omitzero"`
		P      byPointer       `json:",omitzero"`
		PV     *byValue        `json:",omitzero"`
		I      zeroer          `json:",omitzero"`
		Plain  struct{ N int } `json:",omitzero"`
		Chan   chan int        `json:",omitzero"`
	}
	seven, eight, n := byValue(7), byValue(8), 0
	for i, v := range []all{
		{},
		{V: 7, P: 7, PV: &seven, I: &seven, Ptr: &n, Iface: 0, Float: 1, Empty: "x"},
		{V: 8, P: 8, PV: &eight, I: &eight, Plain: struct{ N int }{1}},
		{I: (*byValue)(nil)},
	} {
		value := reflect.ValueOf(v)
		var want []string
		s := jsonfields.Of(value.Type())
		for _, f := range s.Fields {
			if at, _ := f.Reach(value); !f.Omitted(at) {
				want = append(want, f.Name)
			}
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got := keys(t, b); !slices.Equal(got, want) {
			t.Errorf("value %d: encoding/json writes %q, the list says %q", i, got, want)
		}
	}
}

func ExampleOf() {
	type Address struct{ City string }
	type Customer struct {
		Address
		Name  string `json:"name"`
		Phone string `json:"-"`
		token string
	}
	s := jsonfields.Of(reflect.TypeOf(Customer{token: ""}))
	for _, f := range s.Fields {
		fmt.Println(f.Name, f.Index)
	}
	fmt.Println(len(s.Lost), "lost")
	// Output:
	// City [0 0]
	// name [1]
	// 2 lost
}

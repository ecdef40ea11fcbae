package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Secret stands in tagged fields alone, so that it must never be seen.
type Secret string

const marker Secret = "hunter2"

type (
	Card struct {
		Holder string `json:"holder"`
		Number Secret `json:"number" saferunner:"redact"`
		CVC    Secret `json:"cvc,omitempty" saferunner:"redact"`
		PIN    int    `json:"-" saferunner:"redact"`
		secret Secret `saferunner:"redact"`
	}
	Login struct {
		User string
		Key  Secret
	}
	Embedding struct {
		Login `saferunner:"redact"`
		*Card
		Note string `json:",omitempty"`
	}
	Deep struct {
		Cards   []Card
		ByName  map[string]*Card
		Array   [1]Card
		Any     any
		Pointer **Card
		Node    *Node
	}
	Node struct {
		Name  string
		Token Secret `saferunner:"redact"`
		Next  *Node
		All   []*Node
	}
	Quoted struct {
		N    int         `json:",string"`
		S    string      `json:",string"`
		F    *float64    `json:",string"`
		L    Level       `json:",string"`
		Num  json.Number `json:",string"`
		Zero time.Time   `json:"zero,omitzero"`
		Tok  Secret      `json:"<tok>,omitzero" saferunner:"redact"`
	}
	Keys struct {
		Cards  map[Key]int
		Levels map[Level]Card
		Ints   map[int]Card
		Odd    map[[1]int]Card
	}
	Level int
	// Key shows its secret where it is the key of a map.
	Key struct {
		Name   string
		Secret Secret `saferunner:"redact"`
	}
	// Printer shows all that it has.
	Printer struct {
		Name   string
		Secret Secret `saferunner:"redact"`
	}
	// Outer shows what its parts would hide.
	Outer struct {
		Name string
		Card Card
	}
	// Closed shows an interface that only it can reach.
	Closed struct {
		Name   string
		inside any
	}
	// Texter shows all that it has, as text.
	Texter struct {
		Cards []Card
	}
	// Hidden shows what is in an unexported field.
	Hidden struct {
		Name string
		card *Card
	}
	Recursive *Recursive
	// Promoting has a visible field from a type that is not.
	Promoting struct{ promoted }
	promoted  struct{ Any any }
	// Boxes lead to one box twice: what it hides is shown the second way alone.
	Boxes struct {
		Open   *box
		Closed Closed
	}
	box       struct{ inside any }
	Unshown   struct{ card Card }
	NamedPart struct {
		promoted `json:"part"`
		Card     Card
	}
	// ByPointer shows what it hides where it is addressable.
	ByPointer struct{ inside any }
	Ring      struct {
		Next *Ring
		Any  any
	}
)

func (b *ByPointer) MarshalJSON() ([]byte, error) { return json.Marshal(spill(b.inside)) }

func (k Key) MarshalText() ([]byte, error) { return []byte(k.Name + string(k.Secret)), nil }
func (p Printer) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%+v", struct{ A, B any }{p.Name, p.Secret}))
}
func (o *Outer) MarshalJSON() ([]byte, error) { return json.Marshal(fmt.Sprintf("%+v", o.Card)) }
func (c Closed) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%+v %s", c.inside, spill(c.inside)))
}
func (x Texter) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%+v", x.Cards), nil }
func (h Hidden) MarshalJSON() ([]byte, error) {
	return json.Marshal(fmt.Sprintf("%s %+v", h.Name, h.card))
}
func (l Level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level %d", int(l)), nil }

// show prints what a pointer in an interface points to.
func spill(v any) string {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && !r.IsNil() {
		return fmt.Sprintf("%+v", r.Elem())
	}
	return ""
}

// Pin is a key that cannot be nil when it is asked.
type Pin int

func (p *Pin) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d", *p), nil }

type failing struct{ N int }

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }
func (failing) MarshalText() ([]byte, error) { return nil, errors.New("no") }

type badByte uint8

func (badByte) MarshalText() ([]byte, error) { return nil, errors.New("no") }

type panicking struct{ N int }

func (panicking) MarshalJSON() ([]byte, error) { panic("at the disco") }
func (panicking) MarshalText() ([]byte, error) { panic("at the disco") }
func (panicking) IsZero() bool                 { panic("at the disco") }

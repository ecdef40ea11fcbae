// Package shapes has types of all sorts.
package shapes

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"github.com/saferunner/saferunner"
)

// Anything takes all.
var Anything = saferunner.Define("shapes.anything", func(context.Context, any) error { return nil })

var hidden = saferunner.Define("shapes.hidden", func(context.Context, Note) error { return nil })

// Note has fields that are unexported.
type Note struct {
	Text   string
	author string
}

// NewNote returns a note.
func NewNote(text, author string) Note { return Note{text, author} }

// UUID says itself what it is.
type UUID [16]byte

// String returns the digits of an ID.
func (u UUID) String() string { return fmt.Sprintf("%x", u[:]) }

// Decimal holds its number in unexported fields, and has a text.
type Decimal struct {
	value *big.Int
	exp   int32
}

// NewDecimal returns value × 10^exp.
func NewDecimal(value int64, exp int32) Decimal { return Decimal{big.NewInt(value), exp} }

// MarshalText returns the number.
func (d Decimal) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%de%d", d.value, d.exp), nil }

// UnmarshalText reads the number.
func (d *Decimal) UnmarshalText(text []byte) error {
	d.value = new(big.Int)
	_, err := fmt.Sscanf(strings.Replace(string(text), "e", " ", 1), "%d %d", d.value, &d.exp)
	return err
}

type (
	// Base is embedded.
	Base struct{ By string }
	// List is generic.
	List[T any] struct{ Items []T }
	// Pair is generic.
	Pair[A, B any] struct {
		First  A
		Second B
	}
	// Tree refers to itself.
	Tree struct {
		Name     string
		Children []*Tree
	}
	secret string
)

// Secret returns a value whose type is unexported.
func Secret(s string) any { return secret(s) }

// Document holds much.
type Document struct {
	Base
	*Note
	List[int]
	Raw     json.RawMessage
	Amount  *big.Int
	Total   big.Int
	Price   Decimal
	From    netip.Addr
	Net     netip.Prefix
	At      time.Time
	Until   *time.Time
	Limit   *int
	Ratio   float32
	Err     error
	Any     any
	Changed func()
	Extra   map[string]any
	Inline  struct{ X, Y int }
}

// Big returns numbers that need many digits.
func Big() (*big.Int, *big.Rat, *big.Float) {
	n, _ := new(big.Int).SetString(strings.Repeat("1234567890", 5), 10)
	r := big.NewRat(1, 3)
	return n.Neg(n), r.SetFrac(n, big.NewInt(7)), new(big.Float).SetPrec(200).SetInt(n)
}

// Anything2 takes all as well, so that a test may hold it in a variable.
var Anything2 = saferunner.Define("shapes.anything2", func(context.Context, any) error { return nil })

// Amount2 returns a number without its package being named.
func (d *Document) Amount2() *big.Int { return big.NewInt(2) }

// Number takes a number.
var Number = saferunner.Define("shapes.number", func(context.Context, int64) error { return nil })

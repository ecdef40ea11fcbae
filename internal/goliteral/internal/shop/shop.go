// Package shop has types and values for the tests of goliteral.
package shop

import (
	"encoding/json"
	"time"
)

type (
	// Cents is a named number.
	Cents int64
	// Status is a named string.
	Status string
	// Scopes is a named slice.
	Scopes []string
	// Prices is a named map.
	Prices map[Cents]*Item
	// Ref is a named pointer.
	Ref *Item
	// Pair is a generic struct.
	Pair[A, B any] struct {
		First  A
		Second B
	}
	// ID is a generic type that does not hold its type argument.
	ID[T any] string
	secret    struct{ Word string }
	base      struct{ Version int }
)

// Base is embedded.
type Base struct{ CreatedBy string }

// Item is a part of an Order.
type Item struct {
	SKU   string
	Price Cents
	Count int
	Tags  []string
	note  string
}

// Order holds fields of most kinds.
type Order struct {
	Base
	base
	ID       ID[Order]
	Items    []Item
	Gifts    []*Item
	ByName   map[string]Item
	Status   Status
	Timeout  time.Duration
	At       time.Time
	Raw      json.RawMessage
	Any      any
	Discount *float64
	Parent   *Order
	Notify   func(string) error
	Hidden   secret
	Inline   struct {
		Street string `json:"street"`
		No     int
	}
	Matrix [3][2]float32
	state  map[string]int
}

// Card has a secret of every sort.
type Card struct {
	Holder string
	Number string `saferunner:"redact"`
	CVC    int    `saferunner:"redact"`
	Base   `saferunner:"redact"`
	pin    string `saferunner:"redact"`
	limits []int  `saferunner:"redact"`
}

// NewCard returns a card with word in all its secrets.
func NewCard(word string, n int) Card {
	return Card{Holder: "Ada", Number: word, CVC: n, Base: Base{word}, pin: word, limits: []int{n}}
}

// Hide returns a value of an unexported type.
func Hide(word string) any { return secret{word} }

// NewOrder returns an order with all fields set, unexported ones as well.
func NewOrder() Order {
	o := Order{
		Base:     Base{"Ada"},
		base:     base{2},
		ID:       "o-1",
		Items:    []Item{{SKU: "tea", Price: 250, Count: 2}, {SKU: "cup", Price: 1200, Count: 1, Tags: []string{"blue", "fragile"}, note: "gift"}},
		Gifts:    []*Item{{SKU: "card"}, nil, {}},
		ByName:   map[string]Item{"tea": {Price: 250}, "a cup with a name that is longer than forty characters": {Price: 1200}, "b": {Tags: []string{"x"}}},
		Status:   "paid",
		Timeout:  90 * time.Second,
		At:       time.Date(2026, time.November, 2, 15, 4, 5, 6, time.UTC),
		Raw:      json.RawMessage(`{"vip":true}`),
		Any:      []any{int64(5), 5, 5.0, "five", Cents(5), nil, Item{SKU: "x"}, &Item{SKU: "y"}},
		Discount: new(0.1),
		Parent:   &Order{Status: "open"},
		Hidden:   secret{"w"},
		Matrix:   [3][2]float32{{1, 0.1}, {}, {0, 1e-30}},
		state:    map[string]int{"a": 1},
	}
	o.Inline.Street, o.Inline.No = "Long Street", 5
	return o
}

// PkgPath is the import path of this package.
const PkgPath = "github.com/saferunner/saferunner/internal/goliteral/internal/shop"

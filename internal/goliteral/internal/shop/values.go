package shop

import (
	"encoding/json"
	"math"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Whole returns values that this package can write, and Public those that every package can.
func Whole() []any {
	order := NewOrder()
	return append(Public(), order, &order, []Order{order}, secret{"w"}, []*secret{{"w"}, nil},
		map[secret]base{{"b"}: {1}, {"a"}: {}}, []any{secret{"w"}, new(secret)}, Pair[secret, *base]{First: secret{"a"}},
		struct{ a, b any }{1, "x"})
}

// Public returns values without unexported parts, and without NaN, which equals nothing.
func Public() []any {
	return append(numbers(), append(standard(), []any{
		"", "text", "`", "two\nlines", json.RawMessage("{\n\t\"a\": `1`,\n" + longText + "\n" + longText + "}"), longText + "\n" + longText + "\n",
		Status(longText + "\n" + longText), new(longText + "\n" + longText), "\xff\u202e\ufeff\x7f\r\n", `{"a": "\"b\""}`,
		[]byte("text"), []byte{0, 1}, []byte{}, []byte(nil), [][]byte{[]byte("a"), {1}}, json.RawMessage(`{"a":1}`), []Status{"a"}, [2]byte{1},
		[]int(nil), []int{}, [][]int{nil, {}, {1}}, [3]int{0, 1}, [2][2]int{{1}, {0, 2}}, Scopes(nil), Scopes{"a"},
		map[string]int(nil), map[string]int{"a": 1}, map[Cents]*Item{1: {SKU: "a"}, 2: nil}, Prices{1: {}},
		map[any]any{1: 1, int8(1): "a", "a": nil, Cents(1): Item{}, [1]int{1}: 2, nil: 3},
		map[[2]string]Pair[int, string]{{"a", "b"}: {First: 1}}, map[*int]int{nil: 1}, map[bool]float32{true: 1.5},
		Item{}, Item{SKU: "a", Tags: []string{}}, &Item{}, []*Item{{}, nil, {SKU: "b"}}, []**Item{new(&Item{}), nil}, Ref(&Item{}), Ref(nil), []Ref{nil, {SKU: "a"}},
		Order{Base: Base{"a"}, Any: Cents(4), Discount: new(1.0), Parent: &Order{ID: "x"}, Timeout: 5},
		new(5), new("a"), new(int64(5)), new(Cents(5)), new(true), new(1.0), new(float32(1)), new(5 * time.Second), new(new(5)), new([]int), new(*Item), new(any), new(any(5)), new(any(Item{})),
		new(error), &[]int{1}, &[2]int{1}, &map[string]int{}, new([]byte("a")), []*[]int{{1}, nil, new([]int)}, []*[]byte{new([]byte("a")), {1}}, []*[2]int{{1}},
		(*Item)(nil), (func(int, ...Item) (int, error))(nil), (chan<- (<-chan int))(nil), (chan (<-chan int))(nil), (chan<- int)(nil), []func(){nil}, (*struct{})(nil), []any{nil, (*int)(nil)},
		struct{}{}, struct{ A int }{1}, []struct{ A, B int }{{1, 2}}, &struct {
			Name string `json:"name,omitempty"`
			Base
			In struct{ A any }
		}{Name: "a"},
		[]interface{ Error() string }{nil}, []interface {
			Error() string
			Timeout() bool
		}{nil},
		Pair[int, string]{1, "a"}, Pair[Pair[Cents, time.Time], map[string][]*Item]{}, ID[func(http.Header, ...Order) (error, bool)]("a"), Pair[any, ID[any]]{1, "a"},
	}...)...)
}

func numbers() []any {
	return []any{
		true, 0, -1, math.MinInt, int8(-128), int16(1), int32(1), int64(math.MinInt64), uint(1), uint8(255), uint16(1), uint32(1), uint64(math.MaxUint64), uintptr(1), Cents(-1),
		0.0, 1.0, -1.5, 0.1, 1e15, 1e-5, 1e-6, 123456789012345.6, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.Copysign(0, -1),
		float32(0.1), float32(math.MaxFloat32), float32(math.SmallestNonzeroFloat32), float32(math.Inf(-1)), []float32{0.1, float32(math.Inf(1)), 16777216, -1},
		complex(1, 2), complex(0, -0.5), complex64(complex(1, 0.1)), complex(math.Inf(1), 1), []complex64{1, complex64(complex(math.Inf(1), 0))}, []complex128{1i},
		time.Duration(0), time.Duration(1), -time.Hour, 1001 * time.Millisecond, time.Duration(math.MinInt64), []time.Duration{0, 1, time.Minute}, time.July,
	}
}

func standard() []any {
	return []any{
		time.Time{}, time.Date(2026, 11, 2, 15, 4, 5, 6, time.UTC), new(time.Unix(0, 0).UTC()), time.Unix(1<<60, 5).UTC(), time.Unix(-1<<60, 0).UTC(), []time.Time{{}, time.Unix(1, 0).UTC()},
		netip.Addr{}, netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("::ffff:1.2.3.4"), netip.MustParseAddrPort("[::1]:80"), netip.MustParsePrefix("10.0.0.0/8"),
		new(netip.MustParseAddr("::1")), []netip.Addr{{}}, big.NewInt(-7), []*big.Int{big.NewInt(math.MaxInt64), nil},
		url.URL{Scheme: "https", Host: "a", RawQuery: "a=1"}, http.Header{"A": {"1", "2"}, "B": nil}, http.Cookie{Name: "a", Expires: time.Unix(5, 0).UTC(), SameSite: http.SameSiteLaxMode},
		json.Number("5"), &http.Request{Method: "GET", URL: &url.URL{Path: "/"}, Header: http.Header{"A": {"1"}}},
	}
}

const longText = "a line of text that is long enough for two of its kind to be broken\tover lines, with \"quotes\""

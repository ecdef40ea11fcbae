// Package random makes values of all sorts.
package random

import (
	"encoding/json"
	"errors"
	"math/big"
	"math/rand"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"example.com/app/v2/kit.v3"
	"example.com/app/v2/shapes"
)

type (
	// Everything has fields of all sorts.
	Everything struct {
		Bool    bool
		Uint8   uint8
		Float   float64
		F32     float32
		Complex complex64
		Text    string
		For     time.Duration
		Bytes   []byte
		Any     any
		Anys    []any
		Named   map[kit.Size]*Everything
		Keys    map[kit.Size]any
		Pointer **Everything
		Ints    []int16
		Values  [2]shapes.Pair[shapes.Base, *kit.Size]
		Err     error
		Inline  []struct {
			A int
			shapes.Base
			C any
		}
		At     time.Time
		Addr   netip.Addr
		Big    *big.Int
		BigV   big.Int
		Raw    json.RawMessage
		P      *int
		PS     *string
		PT     *time.Time
		PB     *[]byte
		PA     *any
		M      map[string][]*shapes.Base
		KT     map[time.Time]int
		KA     map[netip.Addr]bool
		KArr   map[[2]string]struct{}
		U      shapes.UUID
		D      shapes.Decimal
		Dp     *shapes.Decimal
		L      shapes.List[*Self]
		S      Self
		R      rune
		Up     uintptr
		Named2 NamedSlice
		Named3 NamedMap
		Named4 NamedPtr
	}
	// Self holds itself.
	Self []Self
	// NamedSlice is a named slice.
	NamedSlice []byte
	// NamedMap is a named map.
	NamedMap map[string]any
	// NamedPtr is a named pointer.
	NamedPtr *int
)

// Random returns a value.
func Random(seed int64) any {
	r := rand.New(rand.NewSource(seed))
	data := make([]byte, 100+r.Intn(1500))
	r.Read(data)
	f := Filler{Data: data, Dynamic: []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[kit.Size](), reflect.TypeFor[[]any](), reflect.TypeFor[map[string]any](), reflect.TypeFor[NamedSlice](), reflect.TypeFor[NamedPtr](), reflect.TypeFor[float32](), reflect.TypeFor[*shapes.Base](), reflect.TypeFor[[]byte](), reflect.TypeFor[json.RawMessage](), reflect.TypeFor[struct{ A any }](), reflect.TypeFor[shapes.List[time.Duration]](), reflect.TypeFor[*[]int](), reflect.TypeFor[**string](), reflect.TypeFor[complex128]()}}
	f.Special = func(f *Filler, v reflect.Value) bool {
		switch v.Type() {
		case reflect.TypeFor[time.Time]():
			v.Set(reflect.ValueOf(time.Unix(int64(f.Byte())<<(f.Byte()%64), int64(f.Byte())).UTC()))
		case reflect.TypeFor[netip.Addr]():
			v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{f.Byte()})))
		case reflect.TypeFor[*big.Int]():
			v.Set(reflect.ValueOf(new(big.Int).Lsh(big.NewInt(int64(f.Byte())-100), uint(f.Byte()))))
		case reflect.TypeFor[big.Int]():
			v.Addr().Interface().(*big.Int).SetInt64(int64(f.Byte()))
		case reflect.TypeFor[shapes.Decimal]():
			v.Set(reflect.ValueOf(shapes.NewDecimal(int64(f.Byte()), int32(f.Byte()))))
		case reflect.TypeFor[error]():
			v.Set(reflect.ValueOf(errors.New(string(f.Bytes(3)))))
		case reflect.TypeFor[kit.Size]():
			v.SetUint(uint64(f.Byte() % 2))
		default:
			if v.Kind() != reflect.String {
				return false
			}
			v.SetString(strings.Repeat(string(f.Bytes(int(f.Byte()%8))), int(f.Byte()%32)))
		}
		return true
	}
	var v Everything
	f.Fill(reflect.ValueOf(&v).Elem())
	if seed%3 == 0 {
		return &v
	}
	return v
}

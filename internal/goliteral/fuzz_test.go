package goliteral_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/fuzzvalue"
	"github.com/saferunner/saferunner/internal/goliteral/internal/shop"
)

type everything struct {
	Bool    bool
	Uint8   uint8
	Float   float64
	Complex complex64
	Text    string
	For     time.Duration
	Bytes   []byte
	Any     any
	Anys    []any
	Named   map[shop.Status]*everything
	Keys    map[any]string
	Pointer **everything
	Values  [2]shop.Pair[shop.Item, *shop.Cents]
	Order   *shop.Order
	Chan    chan int
	Func    func() any
	Err     error
	Inline  []struct {
		A int `json:"a"`
		shop.Base
		C any
	}
	own   own
	at    time.Time
	cards []shop.Card
	ptr   self
}

// FuzzValue fills values of all sorts, and looks whether what is written of them
// is Go as gofmt leaves it, and holds no secret.
func FuzzValue(f *testing.F) {
	f.Add([]byte{})
	for i := range byte(40) {
		seed := make([]byte, 400)
		for j := range seed {
			seed[j] = byte(j*j)*(i+3) + byte(j)*i + i
		}
		f.Add(seed)
	}
	const secret = "\x01secret" // no field name, and quoted when it is written
	dynamic := []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[everything](), reflect.TypeFor[*everything](), reflect.TypeFor[shop.Card](),
		reflect.TypeFor[[]any](), reflect.TypeFor[shop.Prices](), reflect.TypeFor[func()](), reflect.TypeFor[float32](), reflect.TypeFor[struct{ A, B any }](),
		reflect.TypeFor[self](), reflect.TypeFor[map[string]any](), reflect.TypeFor[[3]uint8](),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		filler := fuzzvalue.Filler{Data: data, Dynamic: dynamic}
		filler.Special = func(f *fuzzvalue.Filler, v reflect.Value) bool {
			switch v.Type() {
			case reflect.TypeFor[time.Time]():
				v.Set(reflect.ValueOf(time.Unix(int64(f.Byte())<<(f.Byte()%64), 1)))
				return true
			case reflect.TypeFor[shop.Card]():
				v.Set(reflect.ValueOf(shop.NewCard(secret, int(f.Byte()))))
				return true
			}
			if v.Kind() == reflect.String {
				v.SetString(strings.Repeat(string(f.Bytes(int(f.Byte()%8))), int(f.Byte()%32)))
				return true
			}
			return false
		}
		v := reflect.New(reflect.TypeFor[everything]()).Elem()
		filler.Fill(v)
		for _, pkg := range []string{thisPackage, shop.PkgPath, ""} {
			got := writeValue(v, pkg)
			checkFormat(t, got)
			if strings.Contains(got, `\x01secret`) {
				t.Fatalf("a secret in:\n%s", got)
			}
			if again := writeValue(v, pkg); again != got {
				t.Fatalf("not the same twice:\n%s\nand\n%s", got, again)
			}
		}
	})
}

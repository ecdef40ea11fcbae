package saferunnertest_test

import (
	"context"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/fuzzvalue"
	"github.com/saferunner/saferunner/saferunnertest"
)

// anything holds values of all sorts, unexported ones too.
type anything struct {
	Letter  Letter
	Self    *anything
	Any     any
	Keys    map[any]string
	Named   map[Size]*Item
	Bytes   [][]byte
	Pointer **UUID
	Chan    chan int
	Func    func() any
	inner   []struct {
		at   time.Time
		Card vault
		any  any
	}
}

type vault struct {
	Number string `saferunner:"redact"`
	Holder string
}

var takeAnything = saferunner.Define("take.anything", func(context.Context, anything) error { return nil })

// FuzzDifferenceTexts compares values of all sorts, and looks whether the failure
// is short, tells its sides apart, and holds no secret.
func FuzzDifferenceTexts(f *testing.F) {
	f.Add([]byte{}, []byte{1})
	for i := range byte(40) {
		a, b := make([]byte, 400), make([]byte, 400)
		for j := range a {
			a[j] = byte(j*j)*(i+3) + byte(j)*i + i
			b[j] = a[j]
			if j%(int(i)+2) == 0 {
				b[j] += i
			}
		}
		f.Add(a, b)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		want, got := fill(a), fill(b)
		fake := newFake(t)
		rec := saferunnertest.New(fake)
		if err := takeAnything.Do(rec.Context(), "anything", got); err != nil {
			return // not every value can be an argument
		}
		rec.Assert("anything", takeAnything.With(want))
		text := fake.take()
		checkText(t, "the text", text)
		if strings.Contains(text, "classified") {
			t.Errorf("a secret in\n%s", text)
		}
		if fake.failed && !strings.Contains(text, "differs:\n") {
			t.Errorf("no difference in\n%s", text)
		}
		if t.Failed() {
			t.Logf("%s", text)
		}
	})
}

// fill makes a value of bytes.
func fill(data []byte) anything {
	filler := fuzzvalue.Filler{Data: data, Dynamic: []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[Item](), reflect.TypeFor[*Item](), reflect.TypeFor[vault](),
		reflect.TypeFor[[]any](), reflect.TypeFor[UUID](), reflect.TypeFor[func()](), reflect.TypeFor[float32](), reflect.TypeFor[struct{ A, b any }](),
		reflect.TypeFor[map[string]any](), reflect.TypeFor[[]byte](), reflect.TypeFor[Decimal](), reflect.TypeFor[Size](),
	}}
	filler.Special = func(f *fuzzvalue.Filler, v reflect.Value) bool {
		switch v.Type() {
		case reflect.TypeFor[time.Time]():
			v.Set(reflect.ValueOf(time.Unix(int64(f.Byte()), int64(f.Byte()))))
		case reflect.TypeFor[*big.Int]():
			v.Set(reflect.ValueOf(big.NewInt(int64(f.Byte()))))
		case reflect.TypeFor[*big.Float]():
			v.Set(reflect.ValueOf(big.NewFloat(float64(f.Byte()))))
		case reflect.TypeFor[netip.Addr]():
			v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{f.Byte()})))
		case reflect.TypeFor[error]():
			v.Set(reflect.ValueOf(errors.New(string(f.Bytes(2)))))
		case reflect.TypeFor[vault]():
			v.Set(reflect.ValueOf(vault{Number: "classified" + string(f.Bytes(1)), Holder: string(f.Bytes(1))}))
		default:
			if v.Kind() != reflect.String {
				return false
			}
			v.SetString(strings.Repeat(string(f.Bytes(int(f.Byte()%8))), int(f.Byte()%32)))
		}
		return true
	}
	var v anything
	filler.Fill(reflect.ValueOf(&v).Elem())
	return v
}

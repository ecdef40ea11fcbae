package snapshot

import (
	"net/netip"
	"reflect"
	"testing"
)

// What lies in the padding of a struct says nothing about its value.
func TestPaddingIsNotCompared(t *testing.T) {
	type padded struct {
		prefix netip.Prefix
		port   netip.AddrPort
	}
	v := padded{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddrPort("[::1]:80")}
	dirty := func(x any) reflect.Value {
		p := reflect.New(reflect.TypeOf(x))
		memory := reflect.NewAt(reflect.ArrayOf(int(p.Elem().Type().Size()), reflect.TypeFor[byte]()), p.UnsafePointer()).Elem()
		p.Elem().Set(reflect.ValueOf(x))
		for _, n := range []int{1, 2, 3} { // at the end of the value
			if i := memory.Len() - n; memory.Index(i).Uint() == 0 {
				memory.Index(i).SetUint(0xa5)
			}
		}
		return p.Elem()
	}
	for _, x := range []any{v.prefix, v.port, v} {
		if a, b := dirty(x), reflect.ValueOf(x); !a.Equal(b) || !PlanOf(a.Type()).Equal(a, b) {
			t.Errorf("%T: == says %t, Equal %t", x, a.Equal(b), PlanOf(a.Type()).Equal(a, b))
		}
	}
}

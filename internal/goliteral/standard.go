package goliteral

import (
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"strconv"
	"time"
)

// standard writes values of types that have no exported fields, but a function
// that makes them. It leaves zero and invalid values to others.
func standard(v reflect.Value) (string, bool) {
	if v.IsZero() {
		return "", false
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return date(x), true
	case netip.Addr:
		return "netip.MustParseAddr(" + strconv.Quote(x.String()) + ")", true
	case netip.AddrPort:
		return "netip.MustParseAddrPort(" + strconv.Quote(x.String()) + ")", x.IsValid()
	case netip.Prefix:
		return "netip.MustParsePrefix(" + strconv.Quote(x.String()) + ")", x.IsValid()
	case *big.Int:
		return fmt.Sprintf("big.NewInt(%d)", x), x.IsInt64()
	}
	return "", false
}

// date writes an instant. Years beyond those that time.Date takes count seconds.
func date(t time.Time) string {
	t = t.UTC().Round(0)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if t.Equal(time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)) {
		return fmt.Sprintf("time.Date(%d, time.%v, %d, %d, %d, %d, %d, time.UTC)", year, month, day, hour, minute, second, t.Nanosecond())
	}
	return fmt.Sprintf("time.Unix(%d, %d).UTC()", t.Unix(), t.Nanosecond())
}

var (
	byteType     = reflect.TypeFor[byte]()
	durationType = reflect.TypeFor[time.Duration]()
)

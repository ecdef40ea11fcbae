package goliteral

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	byteType     = reflect.TypeFor[byte]()
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	addrType     = reflect.TypeFor[netip.Addr]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	plainError   = reflect.TypeOf(errors.New(""))
)

// standard writes values of types that have no exported fields, but a function
// that makes them. It leaves zero values, and those that it cannot write, to others.
func (w *writer) standard(v reflect.Value) *expr {
	if v.IsZero() {
		return nil
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return leaf(w.date(x))
	case *time.Location:
		return w.location(v, x)
	case netip.Addr:
		return leaf(w.addr(x))
	case netip.AddrPort:
		if x.IsValid() {
			return leaf(w.made("net/netip", "MustParseAddrPort", x.String()))
		}
		return leaf(fmt.Sprintf("%s(%s, %d)", w.std("net/netip", "AddrPortFrom"), w.addr(x.Addr()), x.Port()))
	case netip.Prefix:
		if x.IsValid() {
			return leaf(w.made("net/netip", "MustParsePrefix", x.String()))
		}
		return leaf(fmt.Sprintf("%s(%s, -1)", w.std("net/netip", "PrefixFrom"), w.addr(x.Addr())))
	case *url.Userinfo:
		if password, ok := x.Password(); ok {
			return leaf(fmt.Sprintf("%s(%q, %q)", w.std("net/url", "UserPassword"), x.Username(), password))
		}
		return leaf(w.made("net/url", "User", x.Username()))
	case *regexp.Regexp:
		return leaf(w.made("regexp", "MustCompile", x.String()))
	case *strings.Reader, *bytes.Reader, *bytes.Buffer:
		return w.reader(v)
	case *big.Int, *big.Rat, *big.Float:
		return w.number(x)
	case big.Int, big.Rat, big.Float:
		return w.number(v.Addr().Interface()).in("*", "")
	}
	if v.Type() == plainError {
		return leaf(w.made("errors", "New", v.Interface().(error).Error()))
	}
	return nil
}

// std is the name of something in the standard library.
func (w *writer) std(pkgPath, name string) string {
	clause := path.Base(pkgPath)
	if w.show {
		return clause + "." + name
	}
	qualified, _ := w.Qualify(pkgPath, clause, name, Other) // every package can import these
	return qualified
}

// made writes a call of a function with one text.
func (w *writer) made(pkgPath, function, text string) string {
	return w.std(pkgPath, function) + "(" + strconv.Quote(text) + ")"
}

// date writes an instant. Years beyond those that time.Date takes count seconds.
func (w *writer) date(t time.Time) string {
	t = t.UTC().Round(0)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if t.Equal(time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)) {
		return fmt.Sprintf("%s(%d, %s, %d, %d, %d, %d, %d, %s)", w.std("time", "Date"), year, w.std("time", month.String()), day,
			hour, minute, second, t.Nanosecond(), w.std("time", "UTC"))
	}
	return fmt.Sprintf("%s(%d, %d).UTC()", w.std("time", "Unix"), t.Unix(), t.Nanosecond())
}

func (w *writer) location(v reflect.Value, l *time.Location) *expr {
	switch {
	case l == time.UTC:
		return leaf(w.std("time", "UTC"))
	case l == time.Local:
		return leaf(w.std("time", "Local"))
	case w.show:
		return leaf("*time.Location(" + l.String() + ")")
	}
	return w.lost(v.Type(), exact, "a location equals only itself")
}

func (w *writer) addr(a netip.Addr) string {
	if !a.IsValid() {
		return w.std("net/netip", "Addr") + "{}"
	}
	return w.made("net/netip", "MustParseAddr", a.String())
}

// reader writes what holds text and has not been read from.
func (w *writer) reader(v reflect.Value) *expr {
	var fresh any
	function, text := "", ""
	switch x := v.Interface().(type) {
	case *strings.Reader:
		b := make([]byte, x.Size())
		_, _ = x.ReadAt(b, 0) // Size bytes are there
		function, text, fresh = w.std("strings", "NewReader"), string(b), strings.NewReader(string(b))
	case *bytes.Reader:
		b := make([]byte, x.Size())
		_, _ = x.ReadAt(b, 0)
		function, text, fresh = w.std("bytes", "NewReader"), string(b), bytes.NewReader(b)
	case *bytes.Buffer:
		function, text, fresh = w.std("bytes", "NewBufferString"), x.String(), bytes.NewBufferString(x.String())
	}
	if !w.show && !w.equal(v, reflect.ValueOf(fresh)) {
		return nil
	}
	content, ok := w.cut(text)
	if !ok {
		return w.lost(v.Type(), exact, tooLong)
	}
	if _, ok := fresh.(*bytes.Reader); ok {
		content = content.in("[]byte(", ")")
	}
	return content.in(function+"(", ")")
}

func (w *writer) equal(a, b reflect.Value) (same bool) {
	defer func() { _ = recover() }() // of an Equal method, which then says no
	if w.Equal != nil {
		return w.Equal(a, b)
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// number writes a big number.
func (w *writer) number(x any) *expr {
	switch x := x.(type) {
	case *big.Int:
		if x.IsInt64() || w.show {
			return leaf(fmt.Sprintf("%s(%d)", w.std("math/big", "NewInt"), x))
		}
		typ := w.std("math/big", "Int")
		return function("*"+typ, fmt.Sprintf(`n, _ := new(%s).SetString("%d", 10)`, typ, x), "return n")
	case *big.Rat:
		if x.Num().IsInt64() && x.Denom().IsInt64() || w.show {
			return leaf(fmt.Sprintf("%s(%d, %d)", w.std("math/big", "NewRat"), x.Num(), x.Denom()))
		}
		typ := w.std("math/big", "Rat")
		return function("*"+typ, fmt.Sprintf(`n, _ := new(%s).SetString(%q)`, typ, x), "return n")
	}
	f := x.(*big.Float)
	if n, exactly := f.Float64(); exactly == big.Exact && f.Prec() == 53 || w.show {
		if w.show {
			return leaf(w.std("math/big", "NewFloat") + "(" + f.Text('g', -1) + ")")
		}
		s, _ := w.floatText(n, 64)
		return leaf(w.std("math/big", "NewFloat") + "(" + s + ")")
	}
	return function("*"+w.std("math/big", "Float"), fmt.Sprintf(`n, _, _ := %s(%q, 0, %d, %s)`,
		w.std("math/big", "ParseFloat"), f.Text('p', 0), f.Prec(), w.std("math/big", "ToNearestEven")), "return n")
}

// function writes the call of a function literal.
func function(result string, statements ...string) *expr {
	const short = 60
	text := strings.Join(statements, "; ")
	if len(text) <= short {
		return leaf("func() " + result + " { " + text + " }()")
	}
	e := leaf("}()")
	e.head = "func() " + result + " {\f\t" + strings.Join(statements, "\f\t") + "\f"
	return e
}

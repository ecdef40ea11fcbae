package goliteral

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// constant writes what needs no more than a constant or a conversion of one:
// the basic kinds, and text in bytes.
func (w *writer) constant(v reflect.Value, in context) (*expr, bool) {
	t := v.Type()
	switch {
	case t == durationType:
		return w.duration(time.Duration(v.Int()), in), true
	case v.Kind() == reflect.Bool:
		return w.convert(t, leaf(strconv.FormatBool(v.Bool())), t.Name() == "bool", in), true
	case v.CanInt():
		return w.convert(t, leaf(strconv.FormatInt(v.Int(), 10)), t.Name() == "int", in), true
	case v.CanUint():
		return w.convert(t, leaf(strconv.FormatUint(v.Uint(), 10)), false, in), true
	case v.CanFloat():
		return w.float(v, in), true
	case v.CanComplex():
		return w.complex(v, in), true
	case v.Kind() == reflect.String:
		s, ok := w.cut(v.String())
		if !ok {
			return w.lost(t, in, tooLong), true
		}
		return w.convert(t, s, t.Name() == "string", in), true
	case v.Kind() == reflect.Slice && t.Elem() == byteType && v.Len() > 0 && printable(v.Bytes()):
		s, ok := w.cut(string(v.Bytes()))
		if !ok {
			return w.lost(t, in, tooLong), true
		}
		return w.convert(t, s, false, exact), true
	}
	return nil, false
}

// convert makes a constant e one of type t, where the surroundings do not.
// plain says that t is what e is by default.
func (w *writer) convert(t reflect.Type, e *expr, plain bool, in context) *expr {
	if in != exact || plain && t.PkgPath() == "" {
		return e
	}
	name, why := w.name(t)
	if why != "" {
		return w.lost(t, in, why)
	}
	return e.in(name+"(", ")")
}

const tooLong = "more text than is written"

// cut writes a string, or for a reader the beginning of a long one.
func (w *writer) cut(s string) (*expr, bool) {
	const shown = 500
	if w.show && len(s) > shown {
		e := leaf(strconv.Quote(s[:shown]))
		e.tail = fmt.Sprintf(" + %d bytes", len(s)-shown)
		return e, true
	}
	if w.text -= len(s); w.text < 0 {
		return nil, false
	}
	return text(s), true
}

func (w *writer) float(v reflect.Value, in context) *expr {
	t, f := v.Type(), v.Float()
	s, finite := w.floatText(f, t.Bits())
	if !finite && t.Name() != "float64" {
		in = exact // not a constant
	}
	if finite && in == exact && t.Name() == "float64" && !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return w.convert(t, leaf(s), t.Name() == "float64", in)
}

func (w *writer) complex(v reflect.Value, in context) *expr {
	t, c := v.Type(), v.Complex()
	re, finite := w.floatText(real(c), t.Bits()/2)
	im, also := w.floatText(imag(c), t.Bits()/2)
	if !(finite && also) && t.Name() != "complex128" {
		in = exact
	}
	return w.convert(t, leaf("complex("+re+", "+im+")"), t.Name() == "complex128", in)
}

// floatText returns f as a constant, or, for what no constant is, by package math.
func (w *writer) floatText(f float64, bits int) (s string, constant bool) {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return w.std("math", "NaN") + "()", false
	case math.IsInf(f, 1):
		return w.std("math", "Inf") + "(1)", false
	case math.IsInf(f, -1):
		return w.std("math", "Inf") + "(-1)", false
	case f == 0 && math.Signbit(f):
		return w.std("math", "Copysign") + "(0, -1)", false
	case f == 0 || a >= 1e-5 && a < 1e15:
		return strconv.FormatFloat(f, 'f', -1, bits), true
	}
	return strconv.FormatFloat(f, 'e', -1, bits), true
}

func (w *writer) duration(d time.Duration, in context) *expr {
	if d == 0 {
		return w.convert(durationType, leaf("0"), false, in)
	}
	units := []struct {
		size time.Duration
		name string
	}{{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}, {1, "Nanosecond"}}
	for _, unit := range units {
		if d%unit.size != 0 {
			continue
		}
		name := w.std("time", unit.name)
		switch n := int64(d / unit.size); n {
		case 1:
			return leaf(name)
		case -1:
			return leaf("-" + name)
		default:
			return leaf(strconv.FormatInt(n, 10) + " * " + name)
		}
	}
	panic("unreachable: every duration is a number of nanoseconds")
}

// text writes a string. What does not fit on a line can be broken after its
// newlines; raw strings never span lines, since a test's log indents these.
func text(s string) *expr {
	quoted := strconv.Quote(s)
	if raw := "`" + s + "`"; len(raw) < len(quoted) && strconv.CanBackquote(s) && !strings.ContainsFunc(s, unprintable) {
		return leaf(raw)
	}
	e := leaf(quoted)
	for line := range strings.Lines(s) {
		e.lines = append(e.lines, strconv.Quote(line))
	}
	return e
}

func unprintable(r rune) bool { return !strconv.IsPrint(r) }

// printable reports whether bytes read better as text.
func printable(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool {
		return unprintable(r) && r != '\n' && r != '\t' && r != '\r'
	})
}

package saferunnertest

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/saferunner/saferunner/internal/goliteral"
)

// viewer shows values that differ.
type viewer struct {
	pkg      string   // whose names are not qualified
	redacted []string // fields that are hidden, from the arguments on, with dots
	below    []string // fields that lead to the value
}

// difference shows two values at a path. Its two sides never read the same.
func (v viewer) difference(path string, want, got reflect.Value) difference {
	if w, g, ok := texts(want, got); ok {
		return textDifference(path, w, g)
	}
	if w, g, ok := binaries(want, got); ok {
		return bytesDifference(path, w, g)
	}
	w, g := v.pair(want, got)
	return v.written(path, w, g)
}

// written is a difference between two texts, cut if they are long.
func (v viewer) written(path, w, g string) difference {
	d := difference{path: path}
	if len(w) > maxSide || len(g) > maxSide {
		d.whole = &whole{[]byte(w), []byte(g)}
		w, g = excerpts(w, g, maxSide)
	}
	d.text = sides(w, g)
	return d
}

// maxSide bounds each side of a difference.
const maxSide = 1500

// pair shows two values by what they say of themselves, else by what they hold,
// else by who they are.
func (v viewer) pair(want, got reflect.Value) (w, g string) {
	if want.IsValid() && got.IsValid() && want.Kind() == reflect.Interface && !want.IsNil() && !got.IsNil() {
		want, got = want.Elem(), got.Elem()
	}
	if w, g = v.show(want), v.show(got); w != g {
		return w, g
	}
	if w, g := v.held(want), v.held(got); w != g {
		return w, g
	}
	if !want.IsValid() || !got.IsValid() {
		return w, g + ", another one"
	}
	switch _, compares := got.Type().MethodByName("Equal"); {
	case want.Type() != got.Type():
		return w, g + ", of another type with this name"
	case got.Kind() == reflect.Func, got.Kind() == reflect.Chan, got.Kind() == reflect.UnsafePointer:
		return w, "another " + strings.TrimPrefix(g, "a ")
	case got.Kind() == reflect.Pointer:
		return w, g + ", another " + got.Type().String() + ", which is shared and equals only itself"
	case compares:
		return w, g + ", which the method Equal tells apart"
	}
	return w, g + ", another value"
}

// show shows a value, its long parts cut.
func (v viewer) show(value reflect.Value) string {
	return v.source(value, func(x reflect.Value) (string, bool) {
		if x.Kind() == reflect.Func && !x.IsNil() {
			return functionText(x), true
		}
		if s, ok := constantName(x); ok {
			digits := fmt.Sprintf("%d", x.Interface()) // by its value: %d does not ask for its text
			return fmt.Sprintf("%s(%s) /* %s */", v.typeName(x.Type()), digits, s), true
		}
		s, ok := ownText(x)
		return fmt.Sprintf("%s(%s)", v.typeName(x.Type()), s), ok
	})
}

func (v viewer) typeName(t reflect.Type) string {
	elem, star := t, ""
	if t.Kind() == reflect.Pointer {
		elem, star = t.Elem(), "*"
	}
	if elem.PkgPath() == v.pkg && elem.Name() != "" {
		return star + elem.Name()
	}
	return t.String()
}

// held shows a value by what it holds, unexported fields as well.
func (v viewer) held(value reflect.Value) string {
	return v.source(value, func(reflect.Value) (string, bool) { return "", false })
}

// source shows a value as Go, or parts of it by what own returns. If a field is
// hidden nothing is asked for its own text, which could show it.
func (v viewer) source(value reflect.Value, own func(reflect.Value) (string, bool)) string {
	if !value.IsValid() {
		return "(none)"
	}
	hidden := v.hidden()
	w := goliteral.Writer{File: goliteral.File{Package: v.pkg}, Redacted: hidden}
	w.Own = func(x reflect.Value) (string, bool) {
		if m, ok := messageOf(x); ok {
			return v.messageText(m), true
		}
		if len(hidden) > 0 {
			return "", false
		}
		return own(x)
	}
	return w.Show(value)
}

// hidden returns the hidden fields, from the value on.
func (v viewer) hidden() (paths []string) {
	below := strings.Join(append(v.below, ""), ".")
	for _, path := range v.redacted {
		if rest, ok := strings.CutPrefix(path, below); ok {
			paths = append(paths, rest)
		}
	}
	return paths
}

// texts returns two values that are both text, also in bytes.
func texts(want, got reflect.Value) (w, g string, ok bool) {
	w, ok = textOf(want)
	g, also := textOf(got)
	return w, g, ok && also
}

func textOf(v reflect.Value) (string, bool) {
	switch {
	case !v.IsValid():
		return "", false
	case v.Kind() == reflect.String:
		return v.String(), utf8.ValidString(v.String())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && !v.IsNil() && v.Len() > 0:
		return string(v.Bytes()), utf8.Valid(v.Bytes()) && !strings.ContainsFunc(string(v.Bytes()), isControl)
	}
	return "", false
}

func isControl(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }

// binaries returns two values that are both bytes, or text that is no UTF-8.
// Bytes that a type shows in its own way are left to it.
func binaries(want, got reflect.Value) (w, g []byte, ok bool) {
	if _, own := ownText(want); own {
		return nil, nil, false
	}
	w, ok = bytesOf(want)
	g, also := bytesOf(got)
	return w, g, ok && also
}

func bytesOf(v reflect.Value) ([]byte, bool) {
	if !v.IsValid() {
		return nil, false
	}
	switch k := v.Kind(); {
	case k == reflect.String:
		return []byte(v.String()), true
	case k == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 && !v.IsNil():
		return v.Bytes(), true
	case k == reflect.Array && v.Type().Elem().Kind() == reflect.Uint8:
		b := make([]byte, v.Len())
		for i := range b {
			b[i] = byte(v.Index(i).Uint())
		}
		return b, true
	}
	return nil, false
}

package goliteral

import (
	"go/token"
	"reflect"
	"strconv"
	"strings"
)

// types names types as they are written in package pkg.
type types struct{ pkg string }

// name returns the name of t, unless t or a part of it is unexported elsewhere.
func (ts types) name(t reflect.Type) (string, bool) {
	if t.Name() != "" {
		return ts.named(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return ts.before("*", t.Elem())
	case reflect.Slice:
		if t.Elem() == byteType {
			return "[]byte", true
		}
		return ts.before("[]", t.Elem())
	case reflect.Array:
		return ts.before("["+strconv.Itoa(t.Len())+"]", t.Elem())
	case reflect.Map:
		key, ok := ts.name(t.Key())
		if !ok {
			return "", false
		}
		return ts.before("map["+key+"]", t.Elem())
	case reflect.Chan:
		return ts.channel(t)
	case reflect.Func:
		signature, ok := ts.signature(t)
		return "func" + signature, ok
	case reflect.Interface:
		return ts.iface(t)
	}
	return ts.structure(t)
}

func (ts types) before(prefix string, elem reflect.Type) (string, bool) {
	name, ok := ts.name(elem)
	return prefix + name, ok
}

func (ts types) channel(t reflect.Type) (string, bool) {
	elem, ok := ts.name(t.Elem())
	switch {
	case t.ChanDir() == reflect.RecvDir:
		return "<-chan " + elem, ok
	case t.ChanDir() == reflect.SendDir:
		return "chan<- " + elem, ok
	case strings.HasPrefix(elem, "<-"):
		return "chan (" + elem + ")", ok
	}
	return "chan " + elem, ok
}

// signature returns a function type without its keyword.
func (ts types) signature(t reflect.Type) (string, bool) {
	var in, out []string
	for i := range t.NumIn() {
		prefix, p := "", t.In(i)
		if t.IsVariadic() && i == t.NumIn()-1 {
			prefix, p = "...", p.Elem()
		}
		name, ok := ts.before(prefix, p)
		if !ok {
			return "", false
		}
		in = append(in, name)
	}
	for i := range t.NumOut() {
		name, ok := ts.name(t.Out(i))
		if !ok {
			return "", false
		}
		out = append(out, name)
	}
	s, results := "("+strings.Join(in, ", ")+")", strings.Join(out, ", ")
	switch len(out) {
	case 0:
		return s, true
	case 1:
		return s + " " + results, true
	}
	return s + " (" + results + ")", true
}

func (ts types) named(t reflect.Type) (string, bool) {
	base, arguments, generic := strings.Cut(t.Name(), "[")
	name, ok := base, true
	if t.PkgPath() != "" {
		pkg, _, _ := strings.Cut(t.String(), ".")
		name, ok = ts.qualified(t.PkgPath(), pkg, base)
	}
	if !ok || !generic {
		return name, ok
	}
	arguments, ok = ts.arguments(t, strings.TrimSuffix(arguments, "]"))
	return name + "[" + arguments + "]", ok
}

func (ts types) qualified(pkgPath, pkg, name string) (string, bool) {
	if pkgPath == ts.pkg {
		return name, true
	}
	return pkg + "." + name, token.IsExported(name)
}

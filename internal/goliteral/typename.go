package goliteral

import (
	"go/token"
	"net/url"
	"path"
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

// arguments rewrites the type arguments of t. Reflection has them as text only,
// with import paths for package names: map[string]example.com/go-shop.Order.
func (ts types) arguments(t reflect.Type, list string) (string, bool) {
	list = strings.ReplaceAll(list, "interface {}", "any")
	if strings.Contains(list, "{") || strings.Contains(list, "·") { // types without a name, types of a function
		return "", false
	}
	const between = " ,[]*()<"
	var b strings.Builder
	for list != "" {
		n := strings.IndexAny(list, between)
		switch {
		case n < 0:
			n = len(list)
		case n == 0 && strings.HasPrefix(list, ",") && !strings.HasPrefix(list, ", "):
			b.WriteString(", ")
			list = list[1:]
			continue
		case n == 0:
			b.WriteByte(list[0])
			list = list[1:]
			continue
		}
		name, ok := ts.argument(t, list[:n])
		if !ok {
			return "", false
		}
		b.WriteString(name)
		list = list[n:]
	}
	return b.String(), true
}

// argument rewrites one word of a type argument.
func (ts types) argument(t reflect.Type, word string) (string, bool) {
	prefix := ""
	if rest, ok := strings.CutPrefix(word, "..."); ok {
		prefix, word = "...", rest
	}
	dot := strings.LastIndexByte(word, '.')
	if dot < 0 { // predeclared, or a keyword
		return prefix + word, true
	}
	pkgPath, err := url.PathUnescape(word[:dot])
	if err != nil {
		return "", false
	}
	pkg := packageName(t, pkgPath, map[reflect.Type]bool{})
	if pkg == "" {
		pkg = likelyName(pkgPath)
	}
	name, ok := ts.qualified(pkgPath, pkg, word[dot+1:])
	return prefix + name, ok
}

// packageName looks for a type of a package among those that t is made of.
func packageName(t reflect.Type, pkgPath string, seen map[reflect.Type]bool) string {
	if t.PkgPath() == pkgPath {
		name, _, _ := strings.Cut(t.String(), ".")
		return name
	}
	if seen[t] {
		return ""
	}
	seen[t] = true
	var parts []reflect.Type
	switch t.Kind() {
	case reflect.Map:
		parts = []reflect.Type{t.Key(), t.Elem()}
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		parts = []reflect.Type{t.Elem()}
	case reflect.Struct:
		for i := range t.NumField() {
			parts = append(parts, t.Field(i).Type)
		}
	case reflect.Func:
		for i := range t.NumIn() {
			parts = append(parts, t.In(i))
		}
		for i := range t.NumOut() {
			parts = append(parts, t.Out(i))
		}
	}
	for _, part := range parts {
		if name := packageName(part, pkgPath, seen); name != "" {
			return name
		}
	}
	return ""
}

// likelyName guesses a package's name from its import path, as people name them:
// shop of example.com/shop/v2, example.com/shop.v2 and example.com/go-shop.
func likelyName(pkgPath string) string {
	dir, name := path.Split(pkgPath)
	if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" && dir != "" {
		name = path.Base(dir)
	}
	name, _, _ = strings.Cut(name, ".")
	name = strings.TrimSuffix(name, "-go")
	return name[strings.LastIndexByte(name, '-')+1:]
}

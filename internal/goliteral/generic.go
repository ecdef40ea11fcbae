package goliteral

import (
	"net/url"
	"reflect"
	"strings"
)

// arguments rewrites the type arguments of t. Reflection has them as text only,
// with import paths for package names: map[string]example.com/go-shop.Order.
func (ts types) arguments(t reflect.Type, list string) (arguments, why string) {
	list = strings.ReplaceAll(list, "interface {}", "any")
	if strings.Contains(list, "{") || strings.Contains(list, "·") { // types without a name, types of a function
		return list, nameless
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
		name, why := ts.argument(t, list[:n])
		if why != "" {
			return list, why
		}
		b.WriteString(name)
		list = list[n:]
	}
	return b.String(), ""
}

// argument rewrites one word of a type argument.
func (ts types) argument(t reflect.Type, word string) (name, why string) {
	prefix := ""
	if rest, ok := strings.CutPrefix(word, "..."); ok {
		prefix, word = "...", rest
	}
	dot := strings.LastIndexByte(word, '.')
	if dot < 0 { // predeclared, or a keyword
		return prefix + word, ""
	}
	pkgPath, err := url.PathUnescape(word[:dot])
	if err != nil {
		return word, nameless
	}
	if pkgPath == rawType.PkgPath() && word[dot+1:] == rawType.Name() {
		name, why = ts.name(rawType)
		return prefix + name, why
	}
	clause := packageName(t, pkgPath, map[reflect.Type]bool{})
	if as, imported := ts.file.Imports[pkgPath]; clause == "" && imported && as == "" {
		return word, "the name of package " + pkgPath + " is not known"
	}
	if clause == "" && ts.show {
		clause = likelyName(pkgPath)
	}
	name, why = ts.qualified(pkgPath, clause, word[dot+1:])
	return prefix + name, why
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

package goliteral

import (
	"reflect"
	"strconv"
	"strings"
)

// types names types as they are written in a file.
type types struct {
	file *File
	show bool // for a reader: everything has a name
}

const nameless = "its type cannot be named"

// name returns the name of t, or why it has none in the file.
func (ts types) name(t reflect.Type) (name, why string) {
	if t == rawType { // elsewhere it is another name for a type of another package
		return ts.qualified("encoding/json", "json", "RawMessage")
	}
	if t.Name() != "" {
		return ts.named(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return ts.before("*", t.Elem())
	case reflect.Slice:
		if t.Elem() == byteType {
			return "[]byte", ""
		}
		return ts.before("[]", t.Elem())
	case reflect.Array:
		return ts.before("["+strconv.Itoa(t.Len())+"]", t.Elem())
	case reflect.Map:
		key, why := ts.name(t.Key())
		if why != "" {
			return key, why
		}
		return ts.before("map["+key+"]", t.Elem())
	case reflect.Chan:
		return ts.channel(t)
	case reflect.Func:
		signature, why := ts.signature(t)
		return "func" + signature, why
	case reflect.Interface:
		return ts.iface(t)
	}
	return ts.structure(t)
}

func (ts types) before(prefix string, elem reflect.Type) (name, why string) {
	name, why = ts.name(elem)
	return prefix + name, why
}

func (ts types) channel(t reflect.Type) (name, why string) {
	elem, why := ts.name(t.Elem())
	switch {
	case t.ChanDir() == reflect.RecvDir:
		return "<-chan " + elem, why
	case t.ChanDir() == reflect.SendDir:
		return "chan<- " + elem, why
	case strings.HasPrefix(elem, "<-"):
		return "chan (" + elem + ")", why
	}
	return "chan " + elem, why
}

// signature returns a function type without its keyword.
func (ts types) signature(t reflect.Type) (signature, why string) {
	var in, out []string
	for i := range t.NumIn() {
		prefix, p := "", t.In(i)
		if t.IsVariadic() && i == t.NumIn()-1 {
			prefix, p = "...", p.Elem()
		}
		name, why := ts.before(prefix, p)
		if why != "" {
			return name, why
		}
		in = append(in, name)
	}
	for i := range t.NumOut() {
		name, why := ts.name(t.Out(i))
		if why != "" {
			return name, why
		}
		out = append(out, name)
	}
	s, results := "("+strings.Join(in, ", ")+")", strings.Join(out, ", ")
	switch len(out) {
	case 0:
		return s, ""
	case 1:
		return s + " " + results, ""
	}
	return s + " (" + results + ")", ""
}

func (ts types) named(t reflect.Type) (name, why string) {
	name, arguments, generic := strings.Cut(t.Name(), "[")
	if t.PkgPath() != "" {
		clause, _, _ := strings.Cut(t.String(), ".")
		name, why = ts.qualified(t.PkgPath(), clause, name)
	} else if !ts.show && !ts.file.means(name, Predeclared) {
		why = name + " is something else where this would stand"
	}
	if why != "" || !generic {
		return name, why
	}
	arguments, why = ts.arguments(t, strings.TrimSuffix(arguments, "]"))
	return name + "[" + arguments + "]", why
}

// qualified returns the name of a type of a package.
func (ts types) qualified(pkgPath, clause, name string) (qualified, why string) {
	if !ts.show {
		return ts.file.Qualify(pkgPath, clause, name, Type)
	}
	if pkgPath == ts.file.Package {
		return name, ""
	}
	return clause + "." + name, ""
}

package goliteral

import (
	"reflect"
	"strconv"
	"strings"
)

// The types here have no name, and are written out. Gofmt keeps them on one line
// only if they have one short member.

// structure writes an anonymous struct type.
func (ts types) structure(t reflect.Type) (name, why string) {
	separator := "\v"
	if t.NumField() == 1 {
		separator = " "
	}
	members := make([]string, t.NumField())
	short := true
	for i := range members {
		f := t.Field(i)
		typ, why := ts.name(f.Type)
		if why == "" && !ts.reaches(f.PkgPath) {
			why = nameless
		}
		if why != "" {
			return typ, why
		}
		members[i] = typ
		size := len(typ)
		if !f.Anonymous {
			members[i] = f.Name + separator + typ
			size++
		}
		short = short && size <= shortMember
		if f.Tag == "" {
			continue
		}
		short = false
		if !f.Anonymous && separator == "\v" {
			members[i] += separator
		}
		members[i] += separator + tagText(string(f.Tag))
	}
	return withMembers("struct", members, short), ""
}

// reaches reports whether names that are unexported in a package can be used.
// They have a package path, exported ones have none.
func (ts types) reaches(pkgPath string) bool {
	return ts.show || pkgPath == "" || pkgPath == ts.file.Package
}

// iface writes an interface type that has no name.
func (ts types) iface(t reflect.Type) (name, why string) {
	if t.NumMethod() == 0 {
		return "any", ""
	}
	members := make([]string, t.NumMethod())
	short := true
	for i := range members {
		m := t.Method(i)
		signature, why := ts.signature(m.Type)
		if why == "" && !ts.reaches(m.PkgPath) {
			why = nameless
		}
		if why != "" {
			return signature, why
		}
		members[i] = m.Name + signature
		short = short && len("func")+len(signature)+1 <= shortMember
	}
	return withMembers("interface", members, short), ""
}

const shortMember = 30

// withMembers joins a keyword and what stands in braces behind it.
func withMembers(keyword string, members []string, short bool) string {
	switch {
	case len(members) == 0:
		return keyword + "{}"
	case len(members) == 1 && short && !strings.ContainsAny(members[0], "\n\f"):
		return keyword + "{ " + members[0] + " }"
	}
	var b strings.Builder
	b.WriteString(keyword + " {\f")
	for i, m := range members {
		switch {
		case i > 0 && strings.ContainsAny(members[i-1], "\n\f"):
			b.WriteByte('\f')
		case i > 0:
			b.WriteByte('\n')
		}
		b.WriteString("\t" + indented(m, 1))
	}
	b.WriteString("\f}")
	return b.String()
}

func tagText(tag string) string {
	if strconv.CanBackquote(tag) && !strings.ContainsFunc(tag, unprintable) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

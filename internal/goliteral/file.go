package goliteral

import (
	"cmp"
	"fmt"
	"go/token"
	"path"
	"slices"
	"strings"
)

// File is the Go file in which written source will stand. It says how packages
// are called there. The zero File is one that imports nothing, in no package.
type File struct {
	Package string                    // its import path: names of that package are not qualified; empty if it is not known
	Imports map[string]string         // the names of what it imports by path: empty for the package's own, "." for a dot import
	Meaning func(name string) Meaning // what a name means where the source will stand; nil: what it should

	added []Import
}

// Meaning is what a name means at a place in a file.
type Meaning int

// The meanings of a name.
const (
	Nothing     Meaning = iota
	Package             // a package that is imported
	Type                // a type of the package or of a function
	Predeclared         // what the language has, such as string
	Other               // a variable, say
)

// Import is a package that written source needs and its file does not import yet.
type Import struct {
	Path, Name string // Name is what the source calls it
}

// String returns the import as it stands in an import declaration: with its
// name where the path does not end in it.
func (i Import) String() string {
	if path.Base(i.Path) == i.Name {
		return fmt.Sprintf("%q", i.Path)
	}
	return fmt.Sprintf("%s %q", i.Name, i.Path)
}

// Added returns the imports that the source written so far needs besides those
// of the file, sorted by path.
func (f *File) Added() []Import {
	return slices.SortedFunc(slices.Values(f.added), func(a, b Import) int { return strings.Compare(a.Path, b.Path) })
}

// Qualify returns the name of something of this kind in the package with this
// import path and package clause, as it is written in the file; or why it cannot
// be. An unknown clause is empty. If need be Qualify adds an import.
func (f *File) Qualify(pkgPath, clause, name string, kind Meaning) (qualified, why string) {
	if pkgPath == f.Package {
		if !f.means(name, kind) {
			why = name + " is not declared where this would stand, or is something else there"
		}
		return name, why
	}
	full := cmp.Or(clause, likelyName(pkgPath)) + "." + name
	if !token.IsExported(name) {
		return full, full + " is unexported"
	}
	as, imported := f.Imports[pkgPath]
	if as == "." && f.means(name, Nothing) {
		return name, ""
	}
	if imported && as == "" {
		as = clause
	}
	if as != "" && as != "." && as != "_" && (f.means(as, Package) || f.means(as, Nothing)) {
		return as + "." + name, ""
	}
	if !importable(pkgPath, clause, f.Package) {
		return full, "package " + pkgPath + " cannot be imported"
	}
	return f.add(pkgPath, clause) + "." + name, ""
}

func (f *File) means(name string, kind Meaning) bool {
	return f.Meaning == nil || f.Meaning(name) == kind
}

// add returns the name of a package that the file does not import yet.
func (f *File) add(pkgPath, clause string) string {
	for _, i := range f.added {
		if i.Path == pkgPath {
			return i.Name
		}
	}
	if clause == "" {
		clause = likelyName(pkgPath)
	}
	name := clause
	for n := 2; f.taken(name); n++ {
		name = fmt.Sprint(clause, n)
	}
	f.added = append(f.added, Import{pkgPath, name})
	return name
}

func (f *File) taken(name string) bool {
	if slices.ContainsFunc(f.added, func(i Import) bool { return i.Name == name }) {
		return true
	}
	for _, as := range f.Imports {
		if as == name {
			return true
		}
	}
	return token.IsKeyword(name) || f.Meaning != nil && f.Meaning(name) != Nothing
}

// importable reports whether package from may import a package.
func importable(pkgPath, clause, from string) bool {
	if clause == "main" || strings.HasPrefix(pkgPath, "vendor/") || strings.HasSuffix(pkgPath, "_test") {
		return false
	}
	before, _, internal := cutInternal(pkgPath)
	if !internal || from == "" {
		return true
	}
	from = strings.TrimSuffix(from, "_test")
	return before != "" && (from == before || strings.HasPrefix(from, before+"/"))
}

// cutInternal cuts an import path at its last element that is "internal".
func cutInternal(pkgPath string) (before, after string, found bool) {
	elements := strings.Split(pkgPath, "/")
	for i := len(elements) - 1; i >= 0; i-- {
		if elements[i] == "internal" {
			return strings.Join(elements[:i], "/"), strings.Join(elements[i+1:], "/"), true
		}
	}
	return pkgPath, "", false
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
	name = name[strings.LastIndexByte(name, '-')+1:]
	if !token.IsIdentifier(name) {
		return "pkg"
	}
	return name
}

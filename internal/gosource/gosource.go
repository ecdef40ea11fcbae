// Package gosource reads the Go source of a running program, if it is at hand:
// what a name means at a line, and which variable a value was given to.
//
// Source is read as it is on disk. If it was edited since the program was
// built, answers may be wrong.
package gosource

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// File is a Go file, with the package around it.
type File struct {
	Clause  string            // the name of its package
	Imports map[string]string // names by import path, empty for the package's own name, "." for a dot import

	fset   *token.FileSet
	syntax *ast.File
	info   *types.Info
	scope  *types.Scope // of the package
}

// Read reads a file and those of its package in the same folder. A path that is
// not absolute, as the flag -trimpath leaves it, is looked for in the working
// directory, where go test runs a test.
func Read(path string) (*File, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Base(path)
	}
	f := &File{
		Imports: map[string]string{},
		fset:    token.NewFileSet(),
		info:    &types.Info{Defs: map[*ast.Ident]types.Object{}},
	}
	syntax, err := parser.ParseFile(f.fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	f.syntax, f.Clause = syntax, syntax.Name.Name
	for _, spec := range syntax.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if spec.Name == nil {
			f.Imports[importPath] = ""
		} else if spec.Name.Name != "_" {
			f.Imports[importPath] = spec.Name.Name
		}
	}
	f.check(append(f.siblings(path), syntax))
	return f, nil
}

// siblings parses the other files of the package, as far as they can be. Those
// of other systems count too: what they declare has the same names.
func (f *File) siblings(path string) []*ast.File {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil
	}
	var files []*ast.File
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || name == filepath.Base(path) {
			continue
		}
		file, err := parser.ParseFile(f.fset, filepath.Join(filepath.Dir(path), name), nil, parser.SkipObjectResolution)
		if err == nil && file.Name.Name == f.Clause {
			files = append(files, file)
		}
	}
	return files
}

// check finds the scopes of names. Imports are not followed, so types stay
// unknown, and errors say nothing.
func (f *File) check(files []*ast.File) {
	config := types.Config{Importer: noImporter{}, Error: func(error) {}, FakeImportC: true}
	pkg, _ := config.Check(f.Clause, f.fset, files, f.info)
	f.scope = pkg.Scope()
}

type noImporter struct{}

// Import implements types.Importer.
func (noImporter) Import(string) (*types.Package, error) { return nil, errors.New("not followed") }

// Lookup returns what a name means at a position in the file: nil if nothing is
// known by it. What a dot import brings is not known.
func (f *File) Lookup(at token.Pos, name string) types.Object {
	scope := f.scope.Innermost(at)
	if scope == nil {
		scope = f.scope
	}
	_, object := scope.LookupParent(name, at)
	return object
}

// IsGlobal reports whether an object is declared in the package's scope.
func (f *File) IsGlobal(object types.Object) bool { return object != nil && object.Parent() == f.scope }

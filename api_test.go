package saferunner_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// public are the folders whose packages users import.
var public = []string{
	".", "journal", "journal/journaltest", "journal/sqljournal", "engine", "engine/enginetest", "saferunnertest", "saferunnerproto", "riverengine",
}

// The exported API of each package is a golden file, so that no change of it
// goes unseen. SAFERUNNER_UPDATE=1 writes it.
func TestAPI(t *testing.T) {
	for _, folder := range public {
		t.Run(folder, func(t *testing.T) {
			got := strings.Join(exported(t, folder), "\n") + "\n"
			golden := filepath.Join("testdata", "api", strings.ReplaceAll(strings.TrimPrefix(folder, "."), "/", "-")+".txt")
			if folder == "." {
				golden = filepath.Join("testdata", "api", "saferunner.txt")
			}
			if os.Getenv("SAFERUNNER_UPDATE") == "1" {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (write it with SAFERUNNER_UPDATE=1):\n%s", golden, got)
			}
		})
	}
}

// The root stays small enough to be read.
func TestRootIsSmall(t *testing.T) {
	const maxNames, maxFiles = 60, 33
	files := parsed(t, ".")
	if len(files) > maxFiles {
		t.Errorf("the root has %d files, at most %d are allowed", len(files), maxFiles)
	}
	var names []string
	for _, file := range files {
		for name, object := range file.Scope.Objects {
			if ast.IsExported(name) && object.Kind != ast.Bad {
				names = append(names, name)
			}
		}
	}
	if slices.Sort(names); len(names) > maxNames {
		t.Errorf("the root exports %d names, at most %d are allowed: %s", len(names), maxNames, strings.Join(names, " "))
	}
}

var fileSet = token.NewFileSet()

// parsed returns the files of a package but for its tests.
func parsed(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(all) == 0 {
		t.Fatalf("%s has no Go files, %v", folder, err)
	}
	files := map[string]*ast.File{}
	for _, name := range all {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(fileSet, name, nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// exported returns the exported declarations of a package, without bodies and
// comments, in order.
func exported(t *testing.T, folder string) (all []string) {
	t.Helper()
	for _, file := range parsed(t, folder) {
		ast.FileExports(file)
		for _, decl := range file.Decls {
			all = append(all, declarations(t, decl)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func declarations(t *testing.T, decl ast.Decl) (all []string) {
	t.Helper()
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && !ast.IsExported(receiver(d.Recv.List[0].Type)) {
			return nil
		}
		d.Body = nil
		all = append(all, source(t, d))
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		for _, spec := range d.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
				v.Values = nil // what it is, not what it holds
			}
			all = append(all, d.Tok.String()+" "+source(t, spec))
		}
	}
	return all
}

// receiver returns the name of a receiver's type.
func receiver(t ast.Expr) string {
	switch x := t.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func source(t *testing.T, node any) string {
	t.Helper()
	var b bytes.Buffer
	if err := printer.Fprint(&b, fileSet, node); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if formatted, err := format.Source([]byte("package p\n" + text)); err == nil {
		text = strings.TrimPrefix(string(formatted), "package p\n")
	}
	return strings.TrimSpace(text)
}

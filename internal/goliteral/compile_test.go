package goliteral_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/saferunner/saferunner/internal/goliteral"
	"github.com/saferunner/saferunner/internal/goliteral/internal/shop"
)

// TestCompiles writes the values of package shop as Go, once as that package and
// once as another one would, and has a program compare the two with the originals.
func TestCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	inside, insideImports := literals(t, shop.Whole(), shop.PkgPath)
	outside, outsideImports := literals(t, shop.Public(), "main")
	dir := t.TempDir()
	overlay := map[string]string{}
	add := func(path, source string) {
		t.Helper()
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		overlay[path] = filepath.Join(dir, fmt.Sprint(len(overlay))+".go")
		if err := os.WriteFile(overlay[path], []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	add("internal/shop/written.go", "package shop\n"+insideImports+"\nfunc Written() []any { return "+inside+"}\n")
	add("internal/compare/main.go", "package main\n"+outsideImports+compare+"\nfunc written() []any { return "+outside+"}\n")
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "run", "-overlay", filepath.Join(dir, "overlay.json"), "./internal/compare")
	out, err := run.CombinedOutput()
	if want := fmt.Sprintf("%d and %d are equal\n", len(shop.Whole()), len(shop.Public())); err != nil || string(out) != want {
		t.Errorf("%v: %s\nof\n%s\n%s", err, out, inside, outside)
	}
}

// literals writes values, and the imports of a file with nothing else.
func literals(t *testing.T, values []any, pkg string) (source, imports string) {
	t.Helper()
	w := goliteral.Writer{File: goliteral.File{Package: pkg}}
	if pkg != shop.PkgPath {
		w.Imports = map[string]string{shop.PkgPath: ""}
	}
	source, losses := w.Value(reflect.ValueOf(values), false)
	if len(losses) > 0 {
		t.Errorf("not written: %v", losses)
	}
	for _, i := range w.Added() {
		imports += fmt.Sprintln("import", i)
	}
	return source, imports
}

const compare = `
import (
	"fmt"
	"os"
	"reflect"

	"` + shop.PkgPath + `"
)

func main() {
	differ("in its package", shop.Written(), shop.Whole())
	differ("elsewhere", written(), shop.Public())
	fmt.Println(len(shop.Written()), "and", len(written()), "are equal")
}

func differ(where string, got, want []any) {
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			fmt.Printf("%s: value %d is %#v, not %#v\n", where, i, got[i], want[i])
			os.Exit(1)
		}
	}
}
`

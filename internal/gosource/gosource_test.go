package gosource_test

import (
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/gosource"
)

const source = `package shop

import (
	"example.com/go-crm"
	str "strings"
	. "time"
	_ "embed"
)

var Global = crm.Define("global")            // holder of global
var one, two = Define("one"), Define("two")  // holder of one and two
var Chained = (Define("chained")).With1().With2() // holder of chained
var passed = wrap(Define("passed"))          // holder of passed
var field = thing{send: Define("field")}     // holder of field
var long = Define[int](                      // holder of long
	"long",
	nil)
var _ = Define("blank")                      // holder of blank
var Known = Define(name)                     // holder of unquoted

func init() {
	Sibling = Define("init")                 // holder of init
}

func newTask() any { return Define("returned") } // holder of returned

func test(t any) {
	local := Define("local")                 // holder of local
	t.rec.Assert("run", local.With(1).Async(), x.y.With(2), f().With(3), other) // assertion
	t.rec.Assert("run", list...)             // spread
	a.Assert(); b.Assert()                   // twice
	{
		local := 5                           // shadow
		_, _ = local, str.ToUpper            // inner
	}
	m.send = Define("part")                  // holder of part
}
`

func read(t *testing.T) (f *gosource.File, line func(mark string) int) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.go")
	for name, text := range map[string]string{
		"shop.go": source, "sibling.go": "package shop\nvar Sibling any\ntype Order struct{}\n",
		"other.go": "package other\nvar Foreign int\n", "broken.go": "package shop\nfunc {", "shop_test.go": "package shop_test\nvar Outside int\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := gosource.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, func(mark string) int {
		before, _, found := strings.Cut(source, "// "+mark)
		if !found {
			t.Fatalf("no line is marked with %q", mark)
		}
		return 1 + strings.Count(before, "\n")
	}
}

func TestHolder(t *testing.T) {
	f, line := read(t)
	chain := map[string]bool{"With1": true, "With2": true}
	tests := []struct{ mark, first, want string }{
		{"holder of global", "global", "Global"},
		{"holder of one and two", "one", "one"},
		{"holder of one and two", "two", "two"},
		{"holder of chained", "chained", "Chained"},
		{"holder of long", "long", "long"},
		{"holder of init", "init", "Sibling"},
		{"holder of local", "local", "local"},
		{"holder of unquoted", "its name", "Known"},
		{"holder of passed", "passed", "passed to wrap"},
		{"holder of field", "field", "held in a part"},
		{"holder of blank", "blank", "not kept"},
		{"holder of returned", "returned", "is returned"},
		{"holder of part", "part", "held in m.send"},
		{"holder of global", "misspelt", "not found"},
		{"inner", "nothing", "not found"},
	}
	for _, tt := range tests {
		object, why := f.Holder(line(tt.mark), tt.first, chain, "Define")
		if object != nil && object.Name() != tt.want || object == nil && !strings.Contains(why, tt.want) {
			t.Errorf("%s: got %v, %q; want %q", tt.first, object, why, tt.want)
		}
	}
}

func TestMethod(t *testing.T) {
	f, line := read(t)
	call, ok := f.Method(line("assertion"), "Assert")
	if !ok || call.Receiver != "t.rec" || len(call.Args) != 5 {
		t.Fatalf("got %+v, %v", call, ok)
	}
	for i, want := range []string{"", "local", "x.y", "", ""} {
		if got := f.Root(call.Args[i]); got != want {
			t.Errorf("argument %d: got %q, want %q", i, got, want)
		}
	}
	if call, ok := f.Method(line("spread"), "Assert"); !ok || call.Args != nil {
		t.Errorf("got %+v, %v", call, ok)
	}
	if call, ok := f.Method(line("twice"), "Assert"); ok {
		t.Errorf("got %+v of two calls", call)
	}
}

func TestLookup(t *testing.T) {
	f, line := read(t)
	outer, _ := f.Holder(line("holder of local"), "local", nil, "Define")
	assertion, _ := f.Method(line("assertion"), "Assert")
	inner, _ := f.Method(line("inner"), "ToUpper")
	if inner != nil {
		t.Fatalf("got %+v, which is no call", inner)
	}
	if got := f.Lookup(assertion.Pos, "local"); got != outer {
		t.Errorf("got %v, want %v", got, outer)
	}
	for name, global := range map[string]bool{"Global": true, "Order": true, "Sibling": true, "local": false, "Foreign": false, "Outside": false, "string": false} {
		if got := f.IsGlobal(f.Lookup(assertion.Pos, name)); got != global {
			t.Errorf("%s: got %v, want %v", name, got, global)
		}
	}
	if got := f.Lookup(assertion.Pos, "string"); got == nil || got.Parent() != types.Universe {
		t.Errorf("got %v", got)
	}
	if _, ok := f.Lookup(assertion.Pos, "str").(*types.PkgName); !ok {
		t.Error("str is not known as a package")
	}
	if got := f.Lookup(assertion.Pos, "nothing"); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestImports(t *testing.T) {
	f, _ := read(t)
	want := map[string]string{"example.com/go-crm": "", "strings": "str", "time": "."}
	if len(f.Imports) != len(want) || f.Clause != "shop" {
		t.Errorf("got %v in %s", f.Imports, f.Clause)
	}
	for path, name := range want {
		if got, ok := f.Imports[path]; !ok || got != name {
			t.Errorf("%s: got %q, %v", path, got, ok)
		}
	}
}

func TestSourceThatIsNotAtHand(t *testing.T) {
	if f, err := gosource.Read(filepath.Join(t.TempDir(), "gone.go")); err == nil {
		t.Errorf("got %+v", f)
	}
	// What -trimpath leaves of a path is looked for here.
	if _, err := gosource.Read("example.com/shop/gosource_test.go"); err != nil {
		t.Error(err)
	}
}

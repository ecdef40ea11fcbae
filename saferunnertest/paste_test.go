package saferunnertest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pasteCase is a call in a test file of its own, whose assertion fails.
type pasteCase struct {
	name    string
	imports string // a line each
	before  string // declarations, before the test
	inside  string // statements, before the call
	call    string
	want    string // what the wrong assertion wants, besides the run ID
	inApp   bool   // the file is in the package of the types, not beside it
	out     string // why there is nothing to paste
	random  bool   // there may be something to paste, or not
}

var pasteCases = []pasteCase{
	// Argument shapes.
	{name: "text with quotes and backquotes", call: "shapes.Anything.With(\"a \\\"b\\\" `c`\\n\\x00\\u202e\")"},
	{name: "text that is no UTF-8", call: `shapes.Anything.With("\xff\xfe")`},
	{name: "long text of many lines", imports: "strings", call: `shapes.Anything.With(strings.Repeat("a line of text\n", 100))`},
	{name: "bytes that are text", call: `shapes.Anything.With([]byte("text"))`},
	{name: "bytes", call: `shapes.Anything.With([]byte{0, 1, 255})`},
	{name: "JSON", imports: "encoding/json", call: "shapes.Anything.With(json.RawMessage(`{\"a\":1}`))"},
	{name: "JSON in a field that is not imported", call: "shapes.Anything.With(shapes.Document{Raw: []byte(`{\"a\":1}`)})"},
	{name: "pointer to a number", call: `shapes.Anything.With(new(int64(5)))`},
	{name: "pointer to a pointer", call: `shapes.Anything.With(new(new("a")))`},
	{name: "pointers in a list", call: `shapes.Anything.With([]*shapes.Base{{By: "a"}, nil})`},
	{name: "typed nil", call: `shapes.Anything.With((*shapes.Base)(nil))`},
	{name: "untyped nil", call: `shapes.Anything.With(nil)`},
	{name: "numbers that are none", imports: "math", call: `shapes.Anything.With([]any{math.NaN(), math.Inf(-1), float32(0.1), uint8(7), 'x', 1i})`},
	{name: "array that is an ID", call: `shapes.Anything.With(shapes.UUID{1, 2, 3})`},
	{name: "map with keys of several types", call: `shapes.Anything.With(map[any]any{1: "a", "a": 1, int8(1): nil})`},
	{name: "map with NaN among its keys", imports: "math", call: `shapes.Anything.With(map[float64]int{math.NaN(): 1})`, out: "it equals only itself"},
	{name: "map with a pointer among its keys", call: `shapes.Anything.With(map[*int]int{new(1): 1})`, out: "it equals only itself"},
	{name: "embedded structs", call: `shapes.Anything.With(shapes.Document{Base: shapes.Base{By: "a"}, Note: &shapes.Note{Text: "b"}, List: shapes.List[int]{Items: []int{1}}})`},
	{name: "anonymous struct", call: "shapes.Anything.With(struct { A int `json:\"a\"`; shapes.Base }{A: 1})"},
	{name: "generic types", imports: "time", call: `shapes.Anything.With(shapes.Pair[shapes.List[time.Time], map[string]*shapes.Base]{})`},
	{name: "generic type of a type of another package", call: `shapes.Anything.With(shapes.List[crm.ID[crm.Contact]]{Items: []crm.ID[crm.Contact]{"a"}})`, imports: "example.com/app/v2/go-crm"},
	{name: "tree", call: `shapes.Anything.With(&shapes.Tree{Name: "a", Children: []*shapes.Tree{{Name: "b"}, {}}})`},
	{name: "tree that is a ring", inside: `t1 := &shapes.Tree{}; t1.Children = []*shapes.Tree{t1}`, call: `shapes.Anything.With(t1)`, out: "a cycle"},
	{name: "time in a zone", imports: "time", call: `shapes.Anything.With(time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("SAST", 7200)))`},
	{name: "times in fields", imports: "time", call: `shapes.Anything.With(shapes.Document{At: time.Unix(5, 0), Until: new(time.Unix(1<<50, 7))})`},
	{name: "duration", imports: "time", call: `shapes.Anything.With(90*time.Second)`},
	{name: "addresses", imports: "net/netip", call: `shapes.Anything.With([]any{netip.MustParseAddr("fe80::1%eth0"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddrPort("[::1]:80"), netip.AddrPortFrom(netip.Addr{}, 5), netip.Addr{}})`},
	{name: "big numbers", inside: "n, r, f := shapes.Big()", call: `shapes.Anything.With([]any{n, r, f, *n})`},
	{name: "small big numbers", imports: "math/big", call: `shapes.Anything.With(shapes.Document{Amount: big.NewInt(5), Total: *big.NewInt(-6)})`},
	{name: "decimal", call: `shapes.Anything.With(shapes.Document{Price: shapes.NewDecimal(1250, -2)})`},
	{name: "error", imports: "errors", call: `shapes.Anything.With(shapes.Document{Err: errors.New("no network")})`},
	{name: "readers that are unread", imports: "bytes strings", call: `shapes.Anything.With([]any{strings.NewReader("s"), bytes.NewReader([]byte("b")), bytes.NewBufferString("c")})`},
	{name: "reader that is half read", imports: "strings", inside: `r := strings.NewReader("s"); _, _ = r.ReadByte()`, call: `shapes.Anything.With(r)`, out: "unexported"},
	{name: "URL with a password", imports: "net/url", call: `shapes.Anything.With(&url.URL{Scheme: "https", Host: "a", User: url.UserPassword("u", "p")})`},
	{name: "HTTP header", imports: "net/http", call: `shapes.Anything.With(http.Header{"A": {"1"}})`},
	{name: "regular expression", imports: "regexp", call: `shapes.Anything.With(regexp.MustCompile("a+"))`},
	{name: "constant of an enum", imports: "example.com/app/v2/kit.v3", call: `kit.Pack.With(map[kit.Size]int{kit.Large: 2})`},
	{name: "unexported field", call: `shapes.Anything.With(shapes.NewNote("a", "b"))`, out: "author: unexported"},
	{name: "unexported field in its package", inApp: true, call: `Anything.With(Note{"a", "b"})`},
	{name: "unexported type", call: `shapes.Anything.With(shapes.Secret("a"))`, out: "shapes.secret is unexported"},
	{name: "function", call: `shapes.Anything.With(shapes.Document{Changed: func() {}})`, out: "Changed: func"},
	{name: "channel", call: `shapes.Anything.With(make(chan int))`, out: "chan"},
	{name: "location", imports: "time", call: `shapes.Anything.With([]any{time.UTC, time.Local})`},
	{name: "text that is too long", imports: "strings", call: `shapes.Anything.With(strings.Repeat("x", 20_000))`, out: "KB long"},
	{name: "list that is too long", call: `shapes.Anything.With(make([]string, 20_000))`, out: "10001 more"},

	// Where the source will stand.
	{name: "type of an internal package", imports: "example.com/app/v2/internal/hidden", call: `shapes.Anything.With(hidden.Level(5))`},
	{name: "type declared in the test", inside: `type local struct{ A int }`, call: `shapes.Anything.With(local{1})`},
	{name: "type declared elsewhere in a function", before: "func outOfSight() any { type faraway struct{ A int }; return faraway{1} }", call: `shapes.Anything.With(outOfSight())`, out: "faraway is not declared"},
	{name: "type of the test's package", before: "type nearby map[string]int", call: `shapes.Anything.With(nearby{"a": 1})`},
	{name: "import under another name", imports: "sh=example.com/app/v2/shapes", call: `sh.Anything.With(sh.Base{By: "a"})`},
	{name: "dot import", imports: ".=example.com/app/v2/shapes", call: `Anything.With(Base{By: "a"})`},
	{name: "package that is not imported", before: "var others = shapes.Document{Total: *new(shapes.Document).Amount2()}", call: `shapes.Anything.With(others.Total)`},
	{name: "package name that is a variable", inside: `shapes := shapes.Base{By: "a"}`, call: `anything.With(shapes)`},
	{name: "package name that is taken", before: "var others2 = shapes.Document{Amount: new(shapes.Document).Amount2()}", inside: `big := "taken"; _ = big`, call: `shapes.Anything.With(others2)`},
	{name: "recorder under another name", inside: `s := struct{ rec *saferunnertest.Recorder }{}`, imports: "github.com/saferunner/saferunner/saferunnertest", call: `shapes.Anything.With(1)`},

	// Tasks.
	{name: "module path that ends in a version", imports: "app=example.com/app/v2", call: `app.ChargeCard.With(app.Charge{Order: "1", Cents: 5})`},
	{name: "task that the file does not import", call: `charge("1")`},
	{name: "folder not named as its package", imports: "example.com/app/v2/go-crm", call: `crm.Update.With(&crm.Contact{ID: "a", Tags: map[string][]string{"a": {"b"}}})`},
	{name: "tasks defined on one line", imports: "example.com/app/v2/go-crm", call: `crm.Delete.With("a"), crm.Merge.With([]crm.ID[crm.Contact]{"a"})`},
	{name: "task defined in init", imports: "example.com/app/v2/go-crm", call: `crm.Later.With("a")`},
	{name: "task with a method behind its definition", imports: "example.com/app/v2/go-crm", call: `crm.Quote.With(5)`},
	{name: "unexported task", imports: "app=example.com/app/v2", call: `app.Refund(app.Charge{})`, out: "app.refund is unexported"},
	{name: "unexported task in its package", inApp: true, call: `hidden.With(Note{})`},
	{name: "task in a field", imports: "example.com/app/v2/mail", inside: "m := mail.New()", call: `m.Welcome.With("a")`, out: "it is held in m.Welcome"},
	{name: "task in a field that the assertion names", imports: "example.com/app/v2/mail", inside: "m := mail.New()", call: `m.Welcome.With("a")`, want: `m.Welcome.With("b").Async()`},
	{name: "task in a constructor's variable", imports: "example.com/app/v2/mail", inside: "m := mail.New()", call: `m.Bye("a")`, out: "which this test cannot name"},
	{name: "task in a variable of the test", inside: `send := saferunner.Define("test.send", func(context.Context, int) error { return nil })`, imports: "github.com/saferunner/saferunner context", call: `send.With(5)`},
	{name: "task in a variable out of sight", before: `func makeCall() saferunner.Call { send := saferunner.Define("test.call", func(context.Context, int) error { return nil }); return send.With(1) }`, imports: "github.com/saferunner/saferunner context", call: `makeCall()`, out: "which this test cannot name"},
	{name: "task whose name is another variable", inApp: true, inside: "hidden := 5; _ = hidden", call: `callHidden()`, before: "func callHidden() saferunner.Call { return hidden.With(Note{}) }", imports: "github.com/saferunner/saferunner", out: "hidden, which is something else here"},
	{name: "task returned where it is defined", before: `func newTask() *saferunner.Task[int] { return saferunner.Define("test.returned", func(context.Context, int) error { return nil }) }`, imports: "github.com/saferunner/saferunner context", call: `newTask().With(5)`, out: "returned where it is defined"},
	{name: "no calls", want: "anything.With(1)"},
	{name: "options", imports: "time", call: `shapes.Number.With(1).Async(), shapes.Number.With(2).After(time.Minute).Key("k\n"), shapes.Number.With(3).At(time.Unix(5, 0)).BestEffort()`},
}

// randomCases are calls with values of all sorts. Some of them cannot be written.
func randomCases(n int) (cases []pasteCase) {
	for seed := range n {
		cases = append(cases, pasteCase{
			name: fmt.Sprint("random value ", seed), imports: "example.com/app/v2/random",
			call: fmt.Sprintf("anything.With(random.Random(%d))", seed), random: true,
		})
	}
	return cases
}

// TestPastedAssertionsHold makes assertions fail in a module of their own, puts
// what the failure says in their place, and runs the tests again.
func TestPastedAssertionsHold(t *testing.T) {
	module, texts := pasteModule(t), t.TempDir()
	cases, random := append(pasteCases, randomCases(50)...), 0
	for i, c := range cases {
		writeFile(t, c.path(module, i), c.source(i, `rec.Assert("run"`+c.wanted()+")", ""))
	}
	if out, err := goTest(t, module, "TEXTS="+texts); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, c := range cases {
		text, err := os.ReadFile(filepath.Join(texts, fmt.Sprintf("Test%02d", i)))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		source, imports, found := pasted(string(text))
		switch reason := pasteReason(string(text)); {
		case c.random && found:
			random++
		case c.random:
		case c.out != "" && (found || !strings.Contains(reason, c.out)):
			t.Errorf("%s: should be left out since %s:\n%s", c.name, c.out, text)
		case c.out == "" && !found:
			t.Errorf("%s: is left out:\n%s", c.name, text)
		}
		writeFile(t, c.path(module, i), c.source(i, source, imports))
	}
	if random < 25 {
		t.Errorf("of 50 random values %d can be pasted", random)
	}
	if out, err := goTest(t, module, "TEXTS="); err != nil {
		t.Errorf("%v\n%s", err, out)
		for i, c := range cases {
			if strings.Contains(out, fmt.Sprintf("case%02d_test.go", i)) || strings.Contains(out, fmt.Sprintf("Test%02d", i)) {
				source, _ := os.ReadFile(c.path(module, i))
				t.Errorf("%s:\n%s", c.name, source)
			}
		}
	}
}

// pasteModule copies the packages of testdata/paste into a module.
func pasteModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/paste")); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	filler, err := os.ReadFile("../internal/fuzzvalue/fill.go")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "random/fill.go"), strings.Replace(string(filler), "package fuzzvalue", "package random", 1))
	sums, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.sum"), string(sums))
	writeFile(t, filepath.Join(dir, "go.mod"), "module example.com/app/v2\n\ngo 1.26.0\n\n"+
		"require github.com/saferunner/saferunner v0.0.0\n\nrequire github.com/google/go-cmp v0.7.0\n\n"+
		"replace github.com/saferunner/saferunner => "+root+"\n")
	writeFile(t, filepath.Join(dir, "shapes/all_test.go"), `package shapes_test

import (
	"example.com/app/v2"
	"example.com/app/v2/shapes"
	"github.com/saferunner/saferunner"
)

var anything = shapes.Anything2

func charge(order string) saferunner.Call { return app.ChargeCard.With(app.Charge{Order: order}) }
`)
	return dir
}

// path is where the test file of a case is.
func (c pasteCase) path(module string, i int) string {
	return filepath.Join(module, "shapes", fmt.Sprintf("case%02d_test.go", i))
}

func (c pasteCase) wanted() string {
	if c.want == "" {
		return ""
	}
	return ", " + c.want
}

// source is the test file of a case, with this assertion.
func (c pasteCase) source(i int, assertion, more string) string {
	var b strings.Builder
	b.WriteString("package shapes")
	imports := strings.Fields(c.imports + " testing example.com/app/v2/check")
	if !c.inApp {
		b.WriteString("_test")
		if code := c.before + c.inside + c.call; strings.Contains(code, "shapes.") && !strings.Contains(c.imports, "/shapes") {
			imports = append(imports, "example.com/app/v2/shapes")
		}
	}
	b.WriteString("\n\n")
	for _, path := range imports {
		name, path, named := strings.Cut(path, "=")
		if !named {
			name, path = "", name
		}
		fmt.Fprintf(&b, "import %s %q\n", name, path)
	}
	fmt.Fprintf(&b, "%s\n%s\n\nfunc Test%02d(t *testing.T) {\n\t%s\n\trec := check.Run(t, %s)\n", more, c.before, i, c.inside, c.call)
	if strings.Contains(c.inside, "s := struct{ rec") {
		b.WriteString("\ts.rec = rec\n")
		if strings.HasPrefix(assertion, "rec.") {
			assertion = "s." + assertion
		}
	}
	b.WriteString(assertion + "\n\t_ = rec\n}\n")
	return b.String()
}

var (
	pastePart   = regexp.MustCompile(`(?s)\nIf this is right, assert it with\n\n(\t.*?\n)\n?(?:\n|$)`)
	importLines = regexp.MustCompile(`(?m)^\timport .*$`)
	reasonPart  = regexp.MustCompile(`(?s)\nTh(?:ere is no|e) assertion to paste.*`)
)

// pasted returns the assertion that a failure text says would hold, and the
// imports that it needs.
func pasted(text string) (source, imports string, found bool) {
	match := pastePart.FindStringSubmatch(text)
	if match == nil {
		return "", "", false
	}
	return match[1], strings.Join(importLines.FindAllString(text, -1), "\n"), true
}

func pasteReason(text string) string { return reasonPart.FindString(text) }

func goTest(t *testing.T, dir string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "test", "-count=1", "-vet=off", "./shapes")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

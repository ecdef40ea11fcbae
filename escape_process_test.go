package saferunner_test

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Ways in which a side effect could get out, each in a process of its own.
// What executes says so; in most of them nothing may.
func TestNoEscape(t *testing.T) {
	b := newBuilds(t)
	program, mainstart, early := b.program("program"), b.program("mainstart"), b.program("early")
	suite := b.test("suite")
	record, live, typo := "SAFERUNNER_MODE=record", "SAFERUNNER_MODE=live", "SAFERUNNER_MODE=Record"
	force := "FORCE_RUN_SIDE_EFFECTS=escape.plain"
	const (
		letsThrough = "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: escape.plain"
		tooLate     = "saferunner: FORCE_RUN_SIDE_EFFECTS names escape.plain, but did not when the process started: it is not let through; let one test through with rec.Force"
		badMode     = "SAFERUNNER_MODE must be live or record, and is "
	)
	for name, tt := range map[string]struct {
		run  []string
		env  []string
		want string // what executes, with commas
		says string // if empty, nothing is said of FORCE_RUN_SIDE_EFFECTS
	}{
		"a live program":                        {[]string{program, "run", "do"}, nil, "async,do,sync", ""},
		"record":                                {[]string{program, "run", "do"}, []string{record}, "", ""},
		"record, environment cleared":           {[]string{program, "clear", "run", "do"}, []string{record}, "", ""},
		"record, mode unset":                    {[]string{program, "unset=SAFERUNNER_MODE", "run", "do"}, []string{record}, "", ""},
		"record, set to live":                   {[]string{program, "live", "run", "do"}, []string{record}, "", ""},
		"record, set to live after use":         {[]string{program, "run", "live", "run", "clear", "do"}, []string{record}, "", ""},
		"record, forced by the program":         {[]string{program, "force=escape.plain", "run"}, []string{record}, "", ""},
		"record, all forced by the program":     {[]string{program, "force=__all__", "run"}, []string{record}, "", ""},
		"record, forced":                        {[]string{program, "run"}, []string{record, force}, "async,sync", letsThrough},
		"record, forced and cleared":            {[]string{program, "clear", "run"}, []string{record, force}, "", ""},
		"record, another forced":                {[]string{program, "run"}, []string{record, "FORCE_RUN_SIDE_EFFECTS=escape.other"}, "", "lets through in test mode: escape.other"},
		"mistyped":                              {[]string{program, "run", "do"}, []string{typo}, "", badMode + `"Record"`},
		"mistyped, corrected by the program":    {[]string{program, "live", "run", "do"}, []string{typo}, "", badMode + `"Record"`},
		"empty":                                 {[]string{program, "run", "do"}, []string{"SAFERUNNER_MODE="}, "", badMode + `""`},
		"bad run IDs and keys":                  {[]string{program, "bad texts"}, []string{live}, "", ""},
		"bad run IDs and keys, forced":          {[]string{program, "bad texts"}, []string{record, force}, "", letsThrough},
		"RecordOnly":                            {[]string{program, "dry receiver", "dry ctx", "dry default"}, []string{live}, "", ""},
		"RecordOnly, another over it":           {[]string{program, "live over dry", "nothing over dry"}, []string{live}, "", ""},
		"RecordOnly, hidden by another ctx":     {[]string{program, "hidden dry"}, []string{live}, "", ""},
		"RecordOnly, in ctxs of all kinds":      {[]string{program, "dry in a ctx of its own"}, []string{live}, "", ""},
		"RecordOnly inside a task":              {[]string{program, "nested"}, []string{live}, "outer", ""},
		"RecordOnly inside an async task":       {[]string{program, "nested async"}, []string{live}, "outer", ""},
		"RecordOnly, forced":                    {[]string{program, "dry receiver", "dry ctx", "dry default", "live over dry", "hidden dry", "dry in a ctx of its own"}, []string{record, force}, "", letsThrough},
		"RecordOnly inside a task, forced":      {[]string{program, "nested", "nested async"}, []string{record, "FORCE_RUN_SIDE_EFFECTS=__all__"}, "outer", "lets through in test mode: every task"},
		"record, cleared by an early init":      {[]string{early}, []string{record, "ESCAPE_FIRST=clear"}, "", ""},
		"record, set to live by an early init":  {[]string{early}, []string{record, "ESCAPE_FIRST=live"}, "", ""},
		"record, forced by an early init":       {[]string{early}, []string{record, "ESCAPE_FIRST=force"}, "", ""},
		"Bazel, cleared by an early init":       {[]string{early}, []string{"BAZEL_TEST=1", "ESCAPE_FIRST=clear"}, "", ""},
		"go test, forced by an early init":      {b.goTest("early"), []string{"ESCAPE_FIRST=force"}, "", tooLate},
		"go test, cleared by an early init":     {b.goTest("early"), []string{live, "ESCAPE_FIRST=clear"}, "", ""},
		"testing.MainStart":                     {[]string{mainstart}, nil, "", ""},
		"testing.MainStart, live":               {[]string{mainstart}, []string{live}, "", ""},
		"go test":                               {b.goTest("suite"), nil, "", ""},
		"go test, live":                         {b.goTest("suite"), []string{live}, "", ""},
		"go test, forced by a test":             {b.goTest("suite"), []string{"ESCAPE=setenv"}, "", tooLate},
		"go test, forced":                       {b.goTest("suite", "-run=TestA|TestB"), []string{force}, "A,A async,B,B async,B with a recorder,B with a recorder async", letsThrough},
		"go test, forced, RecordOnly":           {b.goTest("suite", "-run=TestDry"), []string{force}, "", letsThrough},
		"tests of all kinds":                    {b.goTest("kinds", "-bench=.", "-benchtime=2x", "-count=2"), []string{live}, "", ""},
		"no tests":                              {b.goTest("kinds", "-run=none", "-count=2"), nil, "", ""},
		"shuffled":                              {b.goTest("kinds", "-shuffle=on", "-cpu=1,4"), nil, "", ""},
		"fuzz workers":                          {b.goTest("kinds", "-run=none", "-fuzz=.", "-fuzztime=20x"), []string{live}, "", ""},
		"go test -c":                            {[]string{suite}, nil, "", ""},
		"go test -c, live":                      {[]string{suite}, []string{live}, "", ""},
		"go test, a program that it starts":     {b.goTest("suite", "-run=TestChild"), []string{"ESCAPE_PROGRAM=" + program}, "", ""},
		"go test -c, no environment":            {[]string{suite}, []string{"-"}, "", ""},
		"record and no other environment":       {[]string{program, "run", "do"}, []string{"-", record}, "", ""},
		"go test from outside, as a control":    {b.goTest("outside", "-tags=bare"), []string{"ESCAPE_PROGRAM=" + program}, "async,do,sync", ""},
		"go test from outside, with the import": {b.goTest("outside"), []string{"ESCAPE_PROGRAM=" + program}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, out := b.executed(tt.run, tt.env)
			if got != tt.want {
				t.Errorf("executed %q, want %q:\n%s", got, tt.want, out)
			}
			if !strings.Contains(out, tt.says) || tt.says == "" && strings.Contains(out, "saferunner: FORCE_RUN") || strings.Count(out, "lets through") > 1 {
				t.Errorf("it does not say %q, or says more:\n%s", tt.says, out)
			}
		})
	}
}

// Start of a runner says what is wrong with the mode, and is done once.
func TestStartInEachMode(t *testing.T) {
	b := newBuilds(t)
	program := b.program("program")
	const again = "again: saferunner: Start: the runner was started before; give all of its tasks to one Start\n"
	for mode, want := range map[string]string{
		"SAFERUNNER_MODE=live":   "start: <nil> false\n" + again,
		"SAFERUNNER_MODE=record": "start: <nil> false\n" + again,
		"SAFERUNNER_MODE=Live": "start: saferunner: Start: SAFERUNNER_MODE must be live or record, and is \"Live\"; nothing was started true\n" +
			"again: saferunner: Start: SAFERUNNER_MODE must be live or record, and is \"Live\"; nothing was started\n",
		"SAFERUNNER_MODE=": "start: saferunner: Start: SAFERUNNER_MODE must be live or record, and is \"\"; nothing was started true\n" +
			"again: saferunner: Start: SAFERUNNER_MODE must be live or record, and is \"\"; nothing was started\n",
	} {
		if _, out := b.executed([]string{program, "start"}, []string{mode}); out != want {
			t.Errorf("%s: it says\n%s\nwant\n%s", mode, out, want)
		}
	}
}

// The first call that no test owns is told, once and where it was made, if
// nobody will list such calls at the end.
func TestFirstUnownedIsTold(t *testing.T) {
	b := newBuilds(t)
	_, out := b.executed(b.goTest("suite", "-run=TestA|TestB"), nil)
	if n := strings.Count(out, "no test owns it"); n != 1 || !strings.Contains(out, "suite_test.go:") {
		t.Errorf("it is told %d times:\n%s", n, out)
	}
	quiet := slices.DeleteFunc(b.goTest("suite", "-run=TestA"), func(s string) bool { return s == "-v" })
	if _, out := b.executed(quiet, nil); strings.Contains(out, "no test owns it") {
		t.Errorf("it is told in a run that is not verbose:\n%s", out)
	}
}

// What is forced is not answered from the test cache, nor is what is not
// forced from a run that was; and what is not, may be. In package kinds
// somebody asks before the tests run, when the cache does not look.
func TestForcedIsNotCached(t *testing.T) {
	const force = "FORCE_RUN_SIDE_EFFECTS=escape.plain"
	b := newBuilds(t)
	for _, suite := range []string{"suite -run=TestB", "kinds -run=TestPlain"} {
		name, pattern, _ := strings.Cut(suite, " ")
		run := func(salt string) []string {
			return []string{"go", "test", "-v", pattern + "|" + salt, "./testdata/escape/" + name}
		}
		first := rand.Text() // no earlier result is there
		b.executed(run(first), nil)
		if _, out := b.executed(run(first), nil); !strings.Contains(out, "(cached)") {
			t.Errorf("%s: an ordinary run is not cached:\n%s", name, out)
		}
		if got, out := b.executed(run(first), []string{force}); got == "" || strings.Contains(out, "(cached)") {
			t.Errorf("%s: a forced run comes from the cache:\n%s", name, out)
		}
		second := rand.Text()
		if got, out := b.executed(run(second), []string{force}); got == "" {
			t.Errorf("%s: nothing was forced:\n%s", name, out)
		}
		if got, out := b.executed(run(second), nil); got != "" {
			t.Errorf("%s: an ordinary run comes from a forced one:\n%s", name, out)
		}
	}
}

// builds are programs made for one test.
type builds struct {
	t      *testing.T
	folder string
}

func newBuilds(t *testing.T) builds { return builds{t, t.TempDir()} }

func (b builds) program(name string) string {
	return b.build(name, "build", "-o", filepath.Join(b.folder, name+suffix()), "./testdata/escape/"+name)
}

func (b builds) test(name string) string {
	return b.build(name+"-test", "test", "-c", "-o", filepath.Join(b.folder, name+"-test"+suffix()), "./testdata/escape/"+name)
}

func (b builds) build(name string, args ...string) string {
	b.t.Helper()
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		b.t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return filepath.Join(b.folder, name+suffix())
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func (b builds) goTest(name string, args ...string) []string {
	return append(append([]string{"go", "test", "-count=1", "-v"}, args...), "./testdata/escape/"+name)
}

// executed runs a command with this environment, beside what the go command
// needs unless its first is "-", and returns what has executed, sorted, and all that it printed.
func (b builds) executed(command, env []string) (what, out string) {
	b.t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	log := filepath.Join(b.t.TempDir(), "executed")
	if len(env) == 0 || env[0] != "-" {
		env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
			return strings.HasPrefix(s, "SAFERUNNER_") || strings.HasPrefix(s, "FORCE_") || strings.HasPrefix(s, "BAZEL_")
		}), append(env, "ESCAPE_EXECUTED="+log, "GOPROXY=off")...)
	} else {
		env = env[1:]
	}
	cmd.Env = env
	text, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Errorf("%v: %v\n%s", command, err, text)
	}
	logged, err := os.ReadFile(log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		b.t.Error(err)
	}
	var all []string
	for line := range strings.Lines(string(text) + string(logged)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "executed "); ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ","), string(text)
}

package cli_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func getenv(t *testing.T, name string) string {
	t.Helper()
	value, ok := os.LookupEnv(name)
	if !ok {
		t.Fatalf("%s is not set", name)
	}
	return value
}

func TestUsage(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("welcome.yaml", orderList)
	for _, test := range []struct{ args, stderr string }{
		{"bogus", `unknown command "bogus" for "saferunner"; see saferunner --help`},
		{"welcome.yaml", `unknown command "welcome.yaml"; it is a file, so write saferunner run welcome.yaml; see saferunner --help`},
		{"help bogus", `no help on "bogus", which is no command; see saferunner --help`},
		{"help run bogus", `no help on "bogus", which is no command; see saferunner --help`},
		{"--bogus", "unknown flag: --bogus; see saferunner --help"},
		{"run", "name one FILE: saferunner run FILE; see saferunner --help"},
		{"run a b", "name one FILE: saferunner run FILE; see saferunner --help"},
		{"calls", "name one RUN_ID: saferunner calls RUN_ID; see saferunner --help"},
		{"clear r", `clear takes no arguments, and was given "r"; see saferunner --help`},
		{"run --var X list.yaml", `--var "X"; write --var NAME=VALUE, with a name of letters, digits and _`},
		{"run --var 1X=2 list.yaml", `--var "1X=2"; write --var NAME=VALUE, with a name of letters, digits and _`},
	} {
		r := s.must(2, strings.Fields(test.args)...)
		checkText(t, "stderr of "+test.args, r.stderr, "saferunner: "+test.stderr+"\n")
		checkText(t, "stdout of "+test.args, r.stdout, "")
	}
}

func TestHelpVersionCompletion(t *testing.T) {
	t.Parallel()
	s := live(t)
	checkContains(t, "help", s.must(0).stdout, "Exit codes:", "run ", "exec ", "calls ", "clear ", "completion ")
	checkContains(t, "help of run", s.must(0, "run", "--help").stdout, "--record", "--force ", "--force-all", "--json", "--var", "--db")
	checkText(t, "help run", s.must(0, "help", "run").stdout, s.must(0, "run", "--help").stdout)
	checkText(t, "help", s.must(0, "help").stdout, s.must(0, "--help").stdout)
	checkContains(t, "version", s.must(0, "--version").stdout, "saferunner version ")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		checkContains(t, shell, s.must(0, "completion", shell).stdout, "saferunner")
	}
	checkContains(t, "completion of files", s.must(0, "__complete", "run", "").stdout, "yaml\nyml\njson\n:8\n")
}

// The list that the README begins with runs anywhere, and prints what is shown
// there: times differ, and where the lines of the async task come.
func TestWelcome(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.dir = "../../../.."
	r := s.must(0, "run", "examples/welcome/welcome.yaml")
	want, err := os.ReadFile("../../../../examples/welcome/welcome.golden")
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, "output", welcome(r.stderr+r.stdout), welcome(string(want)))
	r = s.must(0, "run", "--record", "examples/welcome/welcome.yaml")
	checkContains(t, "stderr", r.stderr, "record mode: 4 recorded")
}

var elsewhere = regexp.MustCompile(`│ (go version|it is) .*`)

// welcome takes out of a text what is different on each machine, and sorts it.
func welcome(text string) string {
	lines := strings.Split(elsewhere.ReplaceAllString(squeeze(timeless(text)), "│ $1"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

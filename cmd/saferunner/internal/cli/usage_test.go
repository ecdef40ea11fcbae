package cli_test

import (
	"os"
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
	checkContains(t, "version", s.must(0, "--version").stdout, "saferunner version ")
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		checkContains(t, shell, s.must(0, "completion", shell).stdout, "saferunner")
	}
	checkContains(t, "completion of files", s.must(0, "__complete", "run", "").stdout, "yaml\nyml\njson\n:8\n")
}

// The list that the README begins with runs anywhere.
func TestWelcome(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.dir = "../../../.."
	r := s.must(0, "run", "examples/welcome/welcome.yaml")
	checkText(t, "stdout", squeeze(timeless(r.stdout)), ""+
		"TASK STATUS TIME\n"+
		"do_something_slowly done T\n"+
		"hello done T\n"+
		"which_go done T\n"+
		"look_around done T\n")
	checkContains(t, "stderr", r.stderr, "hello               │ Hello from saferunner!\n", "│ go version go1.")
	r = s.must(0, "run", "--record", "examples/welcome/welcome.yaml")
	checkContains(t, "stderr", r.stderr, "record mode: 4 recorded")
}

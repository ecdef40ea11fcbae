package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExec(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.stdin = "in"
	for _, flags := range [][]string{{}, {"--async"}} {
		args := append([]string{"exec", "--run-id", "r", "--task", "sms.send"}, flags...)
		r := s.must(7, append(args, "--", "sh", "-c", `cat; echo "$1" >&2; exit 7`, "sh", "${HOME} $$")...)
		checkText(t, "stdout", r.stdout, "in")
		checkText(t, "stderr", r.stderr, "${HOME} $$\n")
	}
	entries := s.calls("r")
	checkText(t, "statuses", statuses(entries), "sms.send failed, sms.send failed")
	if entries[0].Async || !entries[1].Async || entries[0].ErrorText() != "exit code 7" {
		t.Errorf("journal: %+v", entries)
	}
	checkText(t, "arguments", arguments(t, entries[0]), `{"exec":["sh","-c","cat; echo \"$1\" \u003e\u00262; exit 7","sh","${HOME} $$"]}`)
	s.must(0, "exec", "--run-id", "r", "--task", "sms.send", "true") // without --
}

func TestExecExitCodes(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("plain", "no program")
	exec := []string{"exec", "--run-id", "r", "--task", "ab", "--"}
	for _, test := range []struct {
		argv   []string
		code   int
		stderr string
	}{
		{[]string{"true"}, 0, ""},
		{[]string{"false"}, 1, ""},
		{[]string{"sh", "-c", "kill -9 $$"}, 137, ""},
		{[]string{"no-such-command"}, 127, "saferunner: cannot start no-such-command: executable file not found in $PATH\n"},
		{[]string{"./none"}, 127, "saferunner: cannot start ./none: no such file or directory\n"},
		{[]string{"./plain"}, 126, "saferunner: cannot start ./plain: permission denied\n"},
	} {
		r := s.must(test.code, append(exec, test.argv...)...)
		checkText(t, "stderr", r.stderr, test.stderr)
	}
	s.checkCalls("r", "ab done, ab failed, ab failed, ab failed, ab failed, ab failed")
}

// A script without a first line such as #!/bin/sh runs here as in a shell.
func TestScriptWithoutInterpreter(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("script", "echo \"$1|$2\"\nexit 7\n")
	s.write("binary", "\x00\x01\n")
	s.write("empty", "")
	for _, name := range []string{"script", "binary", "empty"} {
		if err := os.Chmod(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	exec := []string{"exec", "--run-id", "r", "--task", "ab", "--"}
	checkText(t, "stdout", s.must(7, append(exec, "./script", "a b", "-c")...).stdout, "a b|-c\n")
	s.set("PATH", s.dir+string(os.PathListSeparator)+getenv(t, "PATH"))
	checkText(t, "stdout", s.must(7, append(exec, "script")...).stdout, "|\n")
	s.must(0, append(exec, "./empty")...)
	checkText(t, "stderr", s.must(126, append(exec, "./binary")...).stderr, "saferunner: cannot start ./binary: exec format error\n")
	s.write("list.yaml", "run_id: list\ntasks: [{task: ab, exec: [./script, a, b]}]")
	checkContains(t, "stderr", s.must(1, "run", "list.yaml").stderr, "ab │ a|b\n", "exit code 7")
	s.write("list.yaml", "run_id: list\ntasks: [{task: ab, exec: [./binary]}]")
	checkContains(t, "stderr", s.must(1, "run", "list.yaml").stderr, "cannot start ./binary: exec format error\n")
}

func TestExecRecords(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.set("SAFERUNNER_MODE", "record")
	for _, flag := range []string{"--async=false", "--async"} {
		r := s.must(0, "exec", "--run-id", "r", "--task", "sms.send", flag, "--", "touch", "a file")
		checkText(t, "stderr", r.stderr, "saferunner: record mode: sms.send was recorded, not executed: touch 'a file'\n")
		checkText(t, "stdout", r.stdout, "")
	}
	s.checkCalls("r", "sms.send recorded, sms.send recorded")

	s.set("FORCE_RUN_SIDE_EFFECTS", "sms.send")
	r := s.must(0, "exec", "--run-id", "r", "--task", "sms.send", "--", "sh", "-c", "echo $SAFERUNNER_MODE $FORCE_RUN_SIDE_EFFECTS")
	checkText(t, "stdout", r.stdout, "record\n")
}

func TestExecUsage(t *testing.T) {
	t.Parallel()
	s := live(t)
	for _, test := range []struct{ args, stderr string }{
		{"exec --run-id r --task ab", "no command; write it after --; see saferunner --help"},
		{"exec --task ab -- touch ran", `required flag(s) "run-id" not set; see saferunner --help`},
		{"exec --run-id r --task 1 -- touch ran", `bad task name "1"; use 2 to 128 letters, digits and . _ - /, beginning with a letter`},
		{"exec --run-id= --task ab -- touch ran", "the run ID is empty; name where the task is run, such as order.created"},
		{"exec --run-id r --task ab --color touch ran", "unknown flag: --color; see saferunner --help"},
	} {
		r := s.must(2, strings.Fields(test.args)...)
		checkText(t, "stderr", r.stderr, "saferunner: "+test.stderr+"\n")
	}
}

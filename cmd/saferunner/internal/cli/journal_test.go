package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCalls(t *testing.T) {
	t.Parallel()
	s := live(t)
	checkText(t, "stderr", s.must(3, "calls", "r").stderr, "saferunner: no calls under \"r\": there is no journal yet at "+s.dir+"/journal.db\n")
	checkText(t, "stdout", s.must(3, "calls", "r", "--json").stdout, "[]\n")
	if _, err := os.Stat(filepath.Join(s.dir, "journal.db")); err == nil {
		t.Error("calls has made a journal")
	}
	s.must(0, "exec", "--run-id", "r", "--task", "first", "--", "true")
	s.must(1, "exec", "--run-id", "r", "--task", "second", "--async", "--", "sh", "-c", "exit 1\n# a second line")
	s.must(0, "exec", "--run-id", "other", "--task", "third", "--", "true")
	checkText(t, "stdout", s.must(3, "calls", "none", "--json").stdout, "[]\n")
	r := s.must(0, "calls", "r")
	lines := strings.Split(squeeze(timeless(r.stdout)), "\n")
	if len(lines) != 4 {
		t.Fatalf("stdout:\n%s", r.stdout)
	}
	checkText(t, "heading", lines[0], "AT TASK HOW STATUS TIME CALL ERROR")
	checkContains(t, "the first call", lines[1], " first sync done T true")
	checkContains(t, "the second call", lines[2], " second async failed T sh -c 'exit 1 # a second line' exit code 1")
	checkText(t, "stderr", s.must(3, "calls", "none").stderr, "saferunner: no calls under \"none\"\n")
	checkText(t, "stderr", s.must(2, "calls", "").stderr, "saferunner: the run ID is empty\n")
}

// More calls than a page of the journal holds are shown, and cleared.
func TestManyCalls(t *testing.T) {
	t.Parallel()
	s := live(t)
	tasks := strings.Repeat("  - {task: ab, exec: [touch, ran]}\n", 2500)
	s.write("list.yaml", "run_id: r\ntasks:\n"+tasks)
	r := s.must(0, "run", "--record", "list.yaml")
	if n := strings.Count(r.stdout, "recorded"); n != 2500 {
		t.Errorf("the table has %d calls", n)
	}
	if n := len(s.calls("r")); n != 2500 {
		t.Errorf("the journal has %d calls", n)
	}
	checkText(t, "clear", s.must(0, "clear", "--json").stdout, "{\n  \"cleared\": 2500\n}\n")
	s.must(3, "calls", "r")
}

func TestClear(t *testing.T) {
	t.Parallel()
	s := live(t)
	checkText(t, "clear without a journal", s.must(0, "clear").stdout, "0 recorded calls cleared\n")
	s.write("list.yaml", orderList)
	s.must(0, "run", "--record", "--force", "sms.send", "--force", "receipt", "list.yaml")
	checkText(t, "clear", s.must(0, "clear").stdout, "1 recorded call cleared\n")
	s.checkCalls("order.created", "sms.send done, receipt done")
}

func TestJournalUnreachable(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", orderList)
	s.write("broken.db", strings.Repeat("this is no database\n", 1000))
	for _, db := range []string{"list.yaml/journal.db", "broken.db"} {
		for _, args := range [][]string{
			{"run", "list.yaml"},
			{"exec", "--run-id", "r", "--task", "ab", "--", "touch", "ran"},
		} {
			r := s.must(4, append([]string{"--db", db}, args...)...)
			if !strings.HasPrefix(r.stderr, "saferunner: journal "+db+": ") || strings.Count(r.stderr, "\n") != 1 {
				t.Errorf("%v: stderr %q", args, r.stderr)
			}
		}
	}
	for _, args := range []string{"calls r", "clear"} {
		r := s.must(4, append([]string{"--db", "broken.db"}, strings.Fields(args)...)...)
		checkContains(t, "stderr", r.stderr, "saferunner: journal broken.db: ")
		if strings.Contains(r.stderr, "makes one") {
			t.Errorf("%s: stderr %q", args, r.stderr)
		}
	}
	checkText(t, "stderr", s.must(4, "calls", "r", "--db", "broken.db").stderr, "saferunner: journal broken.db: it is no SQLite database; name another file\n")
	checkText(t, "stderr", s.must(4, "calls", "r", "--db", "list.yaml/journal.db").stderr, "saferunner: journal list.yaml/journal.db: stat list.yaml/journal.db: not a directory\n")
	checkText(t, "what ran", s.read("ran"), "")
}

// --db comes before SAFERUNNER_DB, which comes before the state directory.
func TestWhereTheJournalIs(t *testing.T) {
	t.Parallel()
	s := live(t)
	run := []string{"exec", "--run-id", "r", "--task", "ab", "--", "true"}
	s.must(0, append([]string{"--db", "flag.db"}, run...)...)
	s.set("SAFERUNNER_DB", filepath.Join(s.dir, "env.db"))
	s.must(0, run...)
	s.set("SAFERUNNER_DB", "")
	s.set("XDG_STATE_HOME", filepath.Join(s.dir, "state"))
	s.must(0, run...)
	for _, name := range []string{"flag.db", "env.db", "state/saferunner/journal.db"} {
		if s.read(name) == "" {
			t.Errorf("no journal at %s", name)
		}
	}
}

// When the journal fails after it was opened, the calls go on, and the loss
// is not silent.
func TestJournalFailsLater(t *testing.T) {
	t.Parallel()
	s := live(t)
	long := strings.Repeat("x", 4000)
	s.write("list.yaml", "run_id: r\ntasks:\n"+strings.Repeat("  - {task: ab, exec: [sh, -c, 'echo x >> ran', "+long+"]}\n", 50))
	cmd := s.command()
	cmd.Args = []string{"sh", "-c", `ulimit -f 200; exec "$0" run list.yaml`, cmd.Path}
	cmd.Path = "/bin/sh"
	var stderr strings.Builder
	cmd.Stderr = &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 4 {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
	checkContains(t, "stderr", stderr.String(), "saferunner: ", "lost ")
	if n := strings.Count(s.read("ran"), "x\n"); n != 50 {
		t.Errorf("%d of 50 calls ran", n)
	}
}

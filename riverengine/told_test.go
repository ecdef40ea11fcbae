package riverengine

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// endsProgram returns what runs testdata/ends outside of test mode, and
// returns what it printed, sorted.
func endsProgram(t *testing.T) func(args ...string) []string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ends.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/ends").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(args ...string) []string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		slices.Sort(lines)
		return lines
	}
}

// onBothByName runs a test with the name of a database of either kind.
func onBothByName(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+testFile(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, testDatabase(t)) })
}

// OnFailure is told of a call once its end is in the journal, with a ctx that
// goes on. It is not told of a call that goes back into the queue.
func TestOnFailureComesAfterTheEnd(t *testing.T) {
	run := endsProgram(t)
	onBothByName(t, func(t *testing.T, dsn string) {
		want := []string{
			"end.cut interrupted journal interrupted attempt 1 of 1 error context canceled trace t1 live true true",
			"end.permanent failed journal failed attempt 1 of 1 error no such card trace t1 live true true",
			"end.slow failed journal failed attempt 1 of 1 error context deadline exceeded trace t1 live true true",
		}
		if got := run(dsn); !slices.Equal(got, want) {
			t.Errorf("OnFailure was told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

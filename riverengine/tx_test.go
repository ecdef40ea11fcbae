package riverengine

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// RunTx is seen by a program, since tests record.
func TestRunTx(t *testing.T) {
	program := filepath.Join(t.TempDir(), "tx.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/tx").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	refused := `refused: saferunner: run "sync": RunTx, call 1: note.take is sync: its effect could not be rolled back; add Async; nothing was executed`
	live := []string{
		`commit note.take "commit" true true`, `commit note.take "twin" true true`, "commit duplicate", "commit queued",
		refused, refused, "rollback duplicate", "rollback duplicate", "took commit", "took last",
	}
	record := []string{
		`commit note.take "commit" false true`, `commit note.take "twin" false true`, "commit recorded", "commit recorded",
		refused, refused, "rollback recorded", "rollback recorded",
	}
	for name, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + testFile(t) },
		"postgres": testDatabase,
	} {
		for mode, want := range map[string][]string{"live": live, "record": record} {
			t.Run(name+" "+mode, func(t *testing.T) {
				cmd := exec.Command(program, dsn(t))
				cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") }), "SAFERUNNER_MODE="+mode)
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				got := strings.Split(strings.TrimSpace(string(out)), "\n")
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

package riverengine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

// txProgram returns what runs testdata/tx in a mode, and returns what it
// printed, sorted.
func txProgram(t *testing.T) func(mode string, args ...string) []string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tx.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/tx").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return func(mode string, args ...string) []string {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") }), "SAFERUNNER_MODE="+mode)
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

// RunTx is seen by a program, since tests record.
func TestRunTx(t *testing.T) {
	tx := txProgram(t)
	refused := `refused: saferunner: run "sync": RunTx, call 1: note.take is sync: its effect could not be rolled back; add Async; nothing was executed`
	live := []string{
		`commit note.take "commit" true true`, `commit note.take "twin" true true`, "commit duplicate", "commit queued",
		refused, refused, "rollback duplicate", "rollback duplicate", "took commit", "took last",
		`early: saferunner: run "early": the engine cannot take part in a transaction; nothing was executed: this runner's engine is none of riverengine's: ` +
			"give saferunner.SetDefault one that has, or call its RunTx",
	}
	record := []string{
		`commit note.take "commit" false true`, `commit note.take "twin" false true`, "commit recorded", "commit recorded",
		refused, refused, "rollback recorded", "rollback recorded", "early: <nil>",
	}
	for driver, dsn := range map[string]func(*testing.T) string{
		"sqlite": func(t *testing.T) string { return "sqlite:" + testFile(t) },
		"pgx":    testDatabase,
		"stdlib": testDatabase,
	} {
		for mode, want := range map[string][]string{"live": live, "record": record} {
			t.Run(driver+" "+mode, func(t *testing.T) {
				got := tx(mode, dsn(t), driver)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			})
		}
	}
}

// Of 1,000 RunTx at once, exactly the calls of those that commit execute, and
// the others leave neither jobs nor entries.
func TestManyRunTx(t *testing.T) {
	const n = 1000
	tx := txProgram(t)
	var want []string
	for i := 0; i < n; i += 2 {
		want = append(want, fmt.Sprintf("took %d", i))
	}
	slices.Sort(want)
	check := func(t *testing.T, e *Engine) {
		committed := map[string]bool{}
		q := journal.Query{Limit: journal.MaxPage}
		for {
			page, err := e.Journal().Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range page.Entries {
				if entry.Status != journal.StatusDone {
					t.Errorf("an entry is %s: %s", entry.Status, entry.Args)
				}
				committed["took "+strings.Trim(string(entry.Args), `"`)] = true
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		for _, line := range want {
			if !committed[line] {
				t.Errorf("%s: no entry", line)
			}
		}
		if len(committed) != n/2 {
			t.Errorf("%d entries, want %d", len(committed), n/2)
		}
		var jobs int
		err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&jobs) }, "SELECT count(*) FROM @river_job WHERE state <> 'completed'")
		if err != nil || jobs != 0 {
			t.Errorf("%d jobs are left, %v", jobs, err)
		}
	}
	live := func(t *testing.T, dsn, driver string) {
		if got := tx("live", dsn, driver, fmt.Sprint(n)); !slices.Equal(got, want) {
			t.Errorf("executed %d calls, want %d:\n%s", len(got), n/2, strings.Join(got, "\n"))
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		path := testFile(t)
		live(t, "sqlite:"+path, "sqlite")
		check(t, openTestFile(t, path))
	})
	for _, driver := range []string{"pgx", "stdlib"} {
		t.Run(driver, func(t *testing.T) {
			url := testDatabase(t)
			live(t, url, driver)
			e, err := openForTest(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			check(t, e)
		})
	}
}

package cli_test

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// refuse makes the journal take no entry with this status, as one that is
// locked or on a full disk does not for a while.
func (s *shell) refuse(status string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "journal.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = db.Exec("CREATE TRIGGER refuse BEFORE INSERT ON saferunner_entries WHEN NEW.status = '" + status +
		"' BEGIN SELECT RAISE(ABORT, 'no room'); END")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// What the journal could not write, and has been written with a later change,
// is not lost.
func TestLostBeginning(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"run":  {"run", "list.yaml"},
		"exec": {"exec", "--run-id", "r", "--task", "ab", "--", "sleep", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			s.must(0, "migrate")
			s.refuse("running")
			s.write("list.yaml", "run_id: r\ntasks: [{task: ab, exec: [sleep, 1]}]")
			r := s.must(0, args...)
			if name == "exec" {
				checkText(t, "stderr", r.stderr, "")
			}
			s.checkCalls("r", "ab done")
		})
	}
}

// What the journal does not have is named.
func TestLostEnd(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.must(0, "migrate")
	s.refuse("done")
	s.write("list.yaml", "run_id: r\ntasks: [{task: ab, exec: [true]}, {task: ab, exec: [true]},"+
		" {task: ab, exec: [true]}, {task: ef, exec: [true]}]")
	checkContains(t, "stderr", s.must(4, "run", "list.yaml").stderr,
		"\nsaferunner: the journal does not have the end of ab, which is done; ab, which is done; ab, which is done; and 1 more: sqljournal: lost ", "no room")
	checkContains(t, "stderr", s.must(4, "exec", "--run-id", "r", "--task", "gh", "--", "true").stderr,
		"saferunner: the journal does not have the end of gh, which is done: sqljournal: lost ", "no room")
	s.must(7, "exec", "--run-id", "r", "--task", "gh", "--", "sh", "-c", "exit 7")
}

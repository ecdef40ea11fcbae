package cli_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
)

// readOnly makes of the journal a database that SQLite only reads, whoever
// asks: its header says that a newer version has written it.
func (s *shell) readOnly() {
	s.t.Helper()
	path := filepath.Join(s.dir, "journal.db")
	data, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	const writeVersion = 18
	data[writeVersion] = 3
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// What would execute is refused before it does; what is written can be read.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", asyncList)
	s.must(0, "run", "list.yaml")
	for _, name := range []string{"ab-ran", "cd-ran"} {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.readOnly()
	for _, args := range [][]string{
		{"run", "list.yaml"}, {"run", "--record", "list.yaml"}, {"run", "--durable", "list.yaml"}, {"work", "list.yaml"},
		{"exec", "--run-id", "r", "--task", "ab", "--", "touch", "ab-ran"}, {"clear"}, {"migrate"},
	} {
		checkText(t, "stderr of "+args[0], s.must(4, args...).stderr, "saferunner: journal "+s.dir+"/journal.db: "+
			"the database is read-only; let this user write it, and make files beside it, or name another one\n")
	}
	s.checkCalls("r", "ab done, cd done")
	if s.exists("ab-ran") || s.exists("cd-ran") {
		t.Error("something has executed")
	}
}

// Reading waits for no lock, and makes nothing beside the journal.
func TestCallsReadsOnly(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.must(0, "exec", "--run-id", "r", "--task", "ab", "--", "true")
	path := filepath.Join(s.dir, "journal.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	s.checkCalls("r", "ab done")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.checkCalls("r", "ab done")
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 1 {
		t.Errorf("files %v, %v; want %s alone", files, err, path)
	}
	checkText(t, "a folder", s.must(4, "calls", "--db", ".", "r").stderr, "saferunner: journal .: it is a folder; name a file in it\n")
}

// The same on Postgres, as on a standby.
func TestReadOnlyPostgres(t *testing.T) {
	t.Parallel()
	s, url := live(t), testDatabase(t)
	s.set("SAFERUNNER_DB", url)
	s.write("list.yaml", asyncList)
	s.must(0, "run", "list.yaml")
	execute(t, url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$")
	for _, args := range [][]string{
		{"run", "list.yaml"}, {"run", "--record", "list.yaml"}, {"run", "--durable", "list.yaml"}, {"work", "list.yaml"},
		{"exec", "--run-id", "r", "--task", "ab", "--", "touch", "ran"}, {"clear"}, {"migrate"},
	} {
		checkContains(t, "stderr of "+args[0], s.must(4, args...).stderr, "/saferunner_cli_",
			": the database is read-only, as that of a standby is")
	}
	s.checkCalls("r", "ab done, cd done")
	if s.exists("ran") {
		t.Error("something has executed")
	}
}

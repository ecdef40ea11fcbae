package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
	"github.com/saferunner/saferunner/journal/sqljournal"
)

// The paces of journals in one process, where nobody dies: a test sets the
// rows of those that are to be dead back by a day. A judge has an hour for a
// renewal without a gap, so that the machine may be slow.
var (
	judging = liveness.Pace{Renew: 10 * time.Millisecond, Dead: time.Hour, Judge: 0}
	silent  = liveness.Pace{Renew: time.Hour, Dead: time.Hour, Judge: time.Hour}
)

func openAt(t *testing.T, path string, p liveness.Pace) *sqljournal.Journal {
	t.Helper()
	j, err := store.Open(liveness.WithPace(t.Context(), p), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return j
}

func connectReadOnly(ctx context.Context, path string) (*sqljournal.Journal, error) {
	return sqljournal.Connect(ctx, "sqlite", "file:"+filepath.ToSlash(path)+"?mode=rw", sqljournal.ReadOnly())
}

// putRunning writes a call that is running, with a key that it has claimed.
func putRunning(t *testing.T, j *sqljournal.Journal, id string) {
	t.Helper()
	e := entry(id)
	e.Status, e.Key = journal.StatusRunning, id
	if holder, err := j.Claim(t.Context(), e.Task, e.Key, e.ID); err != nil || holder != id {
		t.Fatalf("Claim: %s, %v", holder, err)
	}
	write(t, j, e)
}

func write(t *testing.T, j *sqljournal.Journal, e journal.Entry) {
	t.Helper()
	if err := j.Write(t.Context(), journal.Put(e)); err != nil {
		t.Fatal(err)
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, j journal.Journal, id string) journal.Entry {
	t.Helper()
	page, err := j.Query(t.Context(), journal.Query{ID: id})
	if err != nil || len(page.Entries) != 1 {
		t.Fatalf("Query for %s: %d entries, %v", id, len(page.Entries), err)
	}
	return page.Entries[0]
}

// number returns what a query counts in the file.
func number(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, db)
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const (
	countProcesses = "SELECT count(*) FROM saferunner_processes"
	countNamed     = "SELECT count(*) FROM saferunner_entries WHERE process <> ''"
	old            = " WHERE abs(seen - unixepoch('now') * 1000) > 3600000"
	setBack        = "UPDATE saferunner_processes SET seen = seen - 86400000"
	setAhead       = "UPDATE saferunner_processes SET seen = seen + 86400000"
)

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("a minute later, not yet: %s", what)
		}
	}
}

// processes is a file that processes have open, which die when their rows are
// old, or were written before the clock was set back.
type processes struct{ path, dies string }

func (p processes) Open(t *testing.T) journal.Journal  { return openAt(t, p.path, silent) }
func (p processes) Judge(t *testing.T) journal.Journal { return openAt(t, p.path, judging) }

func (p processes) Die(t *testing.T) {
	t.Helper()
	execute(t, p.path, p.dies)
}

func TestDeath(t *testing.T) {
	for name, dies := range map[string]string{"not seen": setBack, "seen in the future": setAhead} {
		t.Run(name, func(t *testing.T) {
			journaltest.ExerciseDeath(t, func(t *testing.T) journaltest.Processes { return processes{file(t), dies} })
		})
	}
}

// The row of a dead process is taken out. A call that names no process, which
// a durable engine has, is nobody's to judge.
func TestWhatIsJudged(t *testing.T) {
	path := file(t)
	dead := openAt(t, path, silent)
	putRunning(t, dead, "running")
	execute(t, path, setBack)
	execute(t, path, "INSERT INTO saferunner_entries (id, run_id, run, task, async, key, status, at, started_at, finished_at, caller, scope)"+
		" VALUES ('durable', '', '', '', TRUE, '', 'queued', 0, 0, 0, '', '')")
	judge := openAt(t, path, judging)
	eventually(t, "the dead process is taken out", func() bool { return number(t, path, countProcesses+old) == 0 })
	if e := get(t, judge, "durable"); e.Status != journal.StatusQueued {
		t.Errorf("a call that names no process is %s", e.Status)
	}
	if e := get(t, judge, "running"); e.Status != journal.StatusInterrupted || e.ErrorText() != "its end was not seen: the process that executed it is gone" {
		t.Errorf("a call of a dead process is %s: %s", e.Status, e.ErrorText())
	}
	if n := number(t, path, countNamed); n != 0 {
		t.Errorf("%d calls name a process, want none", n)
	}
	if n := number(t, path, countProcesses); n != 1 {
		t.Errorf("there are %d processes, want the judge", n)
	}
}

// A process whose row is from the future, since the clock was set back a little
// after it was renewed, may live.
func TestRowFromTheFuture(t *testing.T) {
	path := file(t)
	putRunning(t, openAt(t, path, silent), "running")
	execute(t, path, "UPDATE saferunner_processes SET seen = seen + 60000")
	putRunning(t, openAt(t, path, silent), "lost")
	execute(t, path, "DELETE FROM saferunner_processes WHERE seen < unixepoch('now') * 1000 + 30000")
	judge := openAt(t, path, judging)
	eventually(t, "another is judged", func() bool { return get(t, judge, "lost").Status == journal.StatusInterrupted })
	if e := get(t, judge, "running"); e.Status != journal.StatusRunning {
		t.Errorf("the call of a process that may live is %s", e.Status)
	}
}

// A journal that is closed cannot see ends any more: what it has left
// running is lost at once.
func TestCloseTakesTheProcessOut(t *testing.T) {
	path := file(t)
	j, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	putRunning(t, j, "left")
	if n := number(t, path, countProcesses); n != 1 {
		t.Errorf("%d processes have the journal open, want 1", n)
	}
	closeNow(t, j)
	if n := number(t, path, countProcesses); n != 0 {
		t.Errorf("%d processes have the closed journal open", n)
	}
	judge := openAt(t, path, judging)
	eventually(t, "it is judged", func() bool { return get(t, judge, "left").Status == journal.StatusInterrupted })
}

// The row says who it is, and is there with the first call that may be lost.
func TestProcessRow(t *testing.T) {
	path := file(t)
	j := openAt(t, path, silent)
	write(t, j, entry("recorded"))
	if n := number(t, path, countProcesses); n != 0 {
		t.Errorf("there are %d processes before a call that may be lost", n)
	}
	putRunning(t, j, "running")
	const like = " WHERE host <> '' AND pid > 0 AND mode = 'record'" +
		" AND id = (SELECT process FROM saferunner_entries WHERE id = 'running') AND abs(seen - unixepoch('now') * 1000) < 60000"
	if n := number(t, path, countProcesses+like); n != 1 {
		t.Errorf("%d rows are like that of this process, want 1", n)
	}
}

// A process that only reads writes nothing and judges nothing, however long.
func TestReadOnly(t *testing.T) {
	path := file(t)
	dead := openAt(t, path, silent)
	putRunning(t, dead, "running")
	execute(t, path, setBack)
	reader, err := connectReadOnly(liveness.WithPace(t.Context(), judging), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, reader)
	for end := time.Now().Add(10 * judging.Renew); time.Now().Before(end); {
		if e := get(t, reader, "running"); e.Status != journal.StatusRunning {
			t.Fatalf("a reader has made a call %s", e.Status)
		}
	}
	if n := number(t, path, countProcesses); n != 1 {
		t.Errorf("there are %d processes, want the dead one", n)
	}
	_, claim := reader.Claim(t.Context(), "sms.send", "k", "a")
	_, prune := reader.Prune(t.Context(), time.Now())
	for name, err := range map[string]error{"Write": reader.Write(t.Context(), journal.Put(entry("a"))), "Claim": claim, "Prune": prune} {
		if !errors.Is(err, sqljournal.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", name, err)
		}
	}
	if err := reader.Flush(t.Context()); err != nil {
		t.Errorf("Flush: %v", err)
	}
}

// A reader makes nothing, and leaves the connection as it was.
func TestReadOnlyNeedsAJournal(t *testing.T) {
	path := file(t)
	if _, err := connectReadOnly(t.Context(), path); err == nil {
		t.Error("a file that does not exist was opened")
	}
	execute(t, path, "CREATE TABLE other (id)")
	if _, err := connectReadOnly(t.Context(), path); err == nil {
		t.Error("a file without a journal was opened")
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, db)
	db.SetMaxOpenConns(1)
	for _, open := range []bool{false, true} {
		j, err := sqljournal.Open(t.Context(), db, sqljournal.ReadOnly())
		if (err == nil) != open {
			t.Fatalf("Open to read: %v; want that it succeeds: %v", err, open)
		}
		if open {
			closeNow(t, j)
		}
		if err := sqljournal.Migrate(t.Context(), db); err != nil {
			t.Errorf("the connection cannot be written to after a reader: %v", err)
		}
		if _, err := db.Exec(fmt.Sprintf("INSERT INTO other VALUES (%v)", open)); err != nil {
			t.Errorf("the connection cannot be written to after a reader: %v", err)
		}
	}
}

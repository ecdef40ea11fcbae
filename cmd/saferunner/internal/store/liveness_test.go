package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
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

// pending is a call with a key of its own, which it has claimed in j.
func pending(t *testing.T, j *sqljournal.Journal, id string, status journal.Status, attempts ...journal.Attempt) {
	t.Helper()
	e := entry(id)
	e.Status, e.Key, e.Attempts = status, id, attempts
	e.FinishedAt = time.Time{}
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

// What becomes of the calls of a dead process, whose row is old, or was
// written before the clock was set back; and of no others.
func TestCallsOfADeadProcess(t *testing.T) {
	for name, dies := range map[string]string{"not seen": setBack, "seen in the future": setAhead} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			dead := openAt(t, path, silent)
			at := time.Now().Truncate(time.Millisecond)
			failed := journal.Attempt{Started: at, Finished: at.Add(time.Second), Error: "no answer"}
			pending(t, dead, "never begun", journal.StatusQueued)
			pending(t, dead, "between attempts", journal.StatusQueued, failed)
			pending(t, dead, "running", journal.StatusRunning, journal.Attempt{Started: at})
			pending(t, dead, "running again", journal.StatusRunning, failed, journal.Attempt{Started: at.Add(time.Minute)})
			pending(t, dead, "of a newer version", "halted")
			pending(t, dead, "done", journal.StatusQueued)
			done := get(t, dead, "done")
			done.Status = journal.StatusDone
			write(t, dead, done)
			execute(t, path, dies)
			alive := openAt(t, path, silent)
			pending(t, alive, "alive", journal.StatusRunning)
			execute(t, path, "INSERT INTO saferunner_entries (id, run_id, run, task, async, key, status, at, started_at, finished_at, caller, scope)"+
				" VALUES ('durable', '', '', '', TRUE, '', 'queued', 0, 0, 0, '', '')")

			judge := openAt(t, path, judging)
			eventually(t, "the dead process is taken out", func() bool { return number(t, path, countProcesses+old) == 0 })
			for id, want := range map[string]struct {
				status   journal.Status
				attempts int
				err      string
				begun    bool // the last attempt
				keeps    bool
			}{
				"never begun":        {journal.StatusCancelled, 1, "it did not begin: the process that had queued it is gone", false, false},
				"between attempts":   {journal.StatusCancelled, 2, "it was not tried again: the process that had queued it is gone", false, false},
				"running":            {journal.StatusInterrupted, 1, "its end was not seen: the process that executed it is gone", true, true},
				"running again":      {journal.StatusInterrupted, 2, "its end was not seen: the process that executed it is gone", true, true},
				"of a newer version": {"halted", 0, "", false, true},
				"done":               {journal.StatusDone, 0, "", false, true},
				"alive":              {journal.StatusRunning, 0, "", false, true},
			} {
				e := get(t, judge, id)
				if e.Status != want.status || e.ErrorText() != want.err || len(e.Attempts) != want.attempts {
					t.Errorf("%s is %s with %d attempts, %q; want %s, %d, %q", id, e.Status, len(e.Attempts), e.ErrorText(), want.status, want.attempts, want.err)
				}
				if ended := want.err != ""; ended == e.FinishedAt.IsZero() {
					t.Errorf("%s: it has ended: %v; finished at %v", id, ended, e.FinishedAt)
				}
				if n := len(e.Attempts); n > 0 && want.begun == e.Attempts[n-1].Started.IsZero() {
					t.Errorf("%s: the last attempt began at %v; want that it began: %v", id, e.Attempts[n-1].Started, want.begun)
				}
				holder, err := judge.Claim(t.Context(), e.Task, e.Key, "another")
				if err != nil || (holder == id) != want.keeps {
					t.Errorf("%s keeps its key: %v; the holder is %s, %v", id, want.keeps, holder, err)
				}
			}
			if e := get(t, judge, "durable"); e.Status != journal.StatusQueued {
				t.Errorf("a call that names no process is %s", e.Status)
			}
			if n := number(t, path, countNamed); n != 1 {
				t.Errorf("%d calls name a process, want that of the one that lives", n)
			}
		})
	}
}

// Many calls are judged by many at once: each of them once.
func TestJudgingTwiceChangesNothing(t *testing.T) {
	path := file(t)
	dead := openAt(t, path, silent)
	const many = 1000
	for i := range many {
		e := entry(inOrder(i))
		if e.Status = journal.StatusRunning; i%2 == 0 {
			e.Status, e.Attempts = journal.StatusQueued, []journal.Attempt{{Error: "no answer"}}
		}
		if err := dead.Write(t.Context(), journal.Put(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	execute(t, path, setBack)
	judges := []*sqljournal.Journal{openAt(t, path, judging), openAt(t, path, judging), openAt(t, path, judging)}
	eventually(t, "all are judged", func() bool { return number(t, path, countNamed) == 0 })
	all := func() []journal.Entry {
		page, err := judges[0].Query(t.Context(), journal.Query{Limit: many})
		if err != nil {
			t.Fatal(err)
		}
		return page.Entries
	}
	first := all()
	for _, e := range first {
		want, attempts := journal.StatusInterrupted, 1
		if e.Attempts[0].Error == "no answer" {
			want, attempts = journal.StatusCancelled, 2
		}
		if e.Status != want || len(e.Attempts) != attempts {
			t.Fatalf("%s is %s with %d attempts, want %s with %d", e.ID, e.Status, len(e.Attempts), want, attempts)
		}
	}
	seen := number(t, path, "SELECT max(seen) FROM saferunner_processes")
	eventually(t, "they judge again", func() bool { return number(t, path, "SELECT min(seen) FROM saferunner_processes") > seen+20 })
	if again := all(); !reflect.DeepEqual(again, first) {
		t.Errorf("judged again, they have changed")
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
	pending(t, j, "left", journal.StatusRunning)
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
	pending(t, j, "running", journal.StatusRunning)
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
	pending(t, dead, "running", journal.StatusRunning)
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

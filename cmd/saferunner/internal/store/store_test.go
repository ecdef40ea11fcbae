package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
	"github.com/saferunner/saferunner/journal/sqljournal"
)

// open opens the journal at path until the test ends.
func open(t *testing.T, path string) *sqljournal.Journal {
	t.Helper()
	j, err := store.Open(t.Context(), path)
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

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "calls.db") }

func entry(id string) journal.Entry {
	return journal.Entry{
		ID: id, RunID: "order.created", Run: "run-" + id, Task: "sms.send", Args: json.RawMessage(`{"to":"+27821234567"}`),
		Status: journal.StatusRecorded, At: time.Now(), Caller: "shop/checkout.go:42",
	}
}

// inOrder is an ID that sorts as the number does.
func inOrder(i int) string { return fmt.Sprintf("%08d", i) }

func TestConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) journal.Journal { return open(t, file(t)) })
}

// twin writes by one journal and reads by another on the same file.
type twin struct{ writer, reader *sqljournal.Journal }

func (w twin) Write(ctx context.Context, changes ...journal.Change) error {
	if err := w.writer.Write(ctx, changes...); err != nil {
		return err
	}
	return w.writer.Flush(ctx)
}

func (w twin) Query(ctx context.Context, q journal.Query) (journal.Page, error) {
	return w.reader.Query(ctx, q)
}

func (w twin) Prune(ctx context.Context, before time.Time) (int, error) {
	return w.reader.Prune(ctx, before)
}

func (w twin) Claim(ctx context.Context, task, key, entryID string) (string, error) {
	j := w.writer
	if len(entryID)%2 == 0 {
		j = w.reader
	}
	return j.Claim(ctx, task, key, entryID)
}

func TestConformanceOfTwoOnOneFile(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) journal.Journal {
		path := file(t)
		return twin{open(t, path), open(t, path)}
	})
}

func TestOpenCreatesForTheOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50%?mode=ro#é.db")
	j := open(t, path)
	if err := j.Write(t.Context(), journal.Put(entry("a"))); err != nil {
		t.Fatal(err)
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
}

func TestOpenErrorNamesThePath(t *testing.T) {
	noDatabase := file(t)
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("this is a text file\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(noDatabase, "calls.db"), noDatabase, ""} {
		j, err := store.Open(t.Context(), path)
		if err == nil {
			closeNow(t, j)
			t.Errorf("Open(%q) succeeded", path)
		} else if !strings.HasPrefix(err.Error(), "journal "+path+": ") {
			t.Errorf("Open(%q): the error does not begin with the path: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Open(ctx, file(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context: %v", err)
	}
}

func TestReopen(t *testing.T) {
	path := file(t)
	first, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := first.Claim(t.Context(), "sms.send", "k", "0")
	if err != nil || holder != "0" {
		t.Fatalf("Claim: holder %s, %v", holder, err)
	}
	const many = 10_000 // more than the buffer holds
	for i := range many {
		if err := first.Write(t.Context(), journal.Put(entry(inOrder(i)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}

	second := open(t, path)
	q := journal.Query{OldestFirst: true, Limit: journal.MaxPage}
	next := 0
	for {
		page, err := second.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.ID != inOrder(next) {
				t.Fatalf("entry %d has ID %s", next, e.ID)
			}
			next++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if next != many {
		t.Errorf("%d entries after Close and Open, want %d", next, many)
	}
}

func TestClosedJournal(t *testing.T) {
	j, err := store.Open(t.Context(), file(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, query := j.Query(t.Context(), journal.Query{})
	_, claim := j.Claim(t.Context(), "sms.send", "k", "a")
	_, prune := j.Prune(t.Context(), time.Now())
	for name, err := range map[string]error{
		"Write": j.Write(t.Context(), journal.Put(entry("a"))),
		"Flush": j.Flush(t.Context()),
		"Query": query, "Claim": claim, "Prune": prune,
	} {
		if !errors.Is(err, sqljournal.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := file(t)
	j, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, "INSERT INTO saferunner_schema (version) VALUES (99)")
	_, err = store.Open(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "schema version 99") || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("Open of a file with schema version 99: %v", err)
	}
	execute(t, path, "UPDATE saferunner_schema SET usable_from = 1 WHERE version = 99") // what an older one can use as well
	open(t, path)
}

func TestSharedPool(t *testing.T) {
	db, err := sql.Open("sqlite", file(t))
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, db)
	db.SetMaxOpenConns(1)
	for range 2 { // the connection goes back to the pool, fit for use
		j, err := sqljournal.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Write(t.Context(), journal.Put(entry("a"))); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM saferunner_entries").Scan(&n); err != nil || n != 1 {
		t.Errorf("the user's own pool sees %d entries, %v", n, err)
	}
}

// A Prune of more than one transaction, in an order that is not that of time.
func TestPruneInSteps(t *testing.T) {
	j := open(t, file(t))
	now := time.Now()
	const many = 2600
	for i := range many {
		e := entry(fmt.Sprint(i))
		if e.At = now; i%2 == 0 {
			e.At = now.Add(-time.Hour)
		}
		if err := j.Write(t.Context(), journal.Put(e)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := j.Prune(t.Context(), now); n != many/2 || err != nil {
		t.Errorf("Prune: %d entries, %v; want %d", n, err, many/2)
	}
	if n, err := j.Prune(t.Context(), now.Add(time.Hour)); n != many/2 || err != nil {
		t.Errorf("Prune of the rest: %d entries, %v; want %d", n, err, many/2)
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeNow(t, db)
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// holdLock takes the write lock of the file, as another process would, and
// returns what gives it back.
func holdLock(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err = db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() { closeNow(t, db) }
}

func closeNow(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

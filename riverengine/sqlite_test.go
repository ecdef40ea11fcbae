package riverengine

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/engine/enginetest"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
)

// pragmas returns what the connection of db is set to.
func pragmas(t *testing.T, db *sql.DB) string {
	t.Helper()
	var values []string
	for _, name := range []string{"busy_timeout", "journal_mode", "synchronous"} {
		var value string
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, name+" "+value)
	}
	return strings.Join(values, ", ")
}

// A database that the user has opened keeps its settings.
func TestSettings(t *testing.T) {
	db, err := sql.Open("sqlite", testFile(t)+"?_pragma=busy_timeout(30000)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	e, err := NewSQLite(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if got, want := pragmas(t, db), "busy_timeout 30000, journal_mode delete, synchronous 2"; got != want {
		t.Errorf("NewSQLite: %s; want %s", got, want)
	}
}

// The file of Open waits for locks as long as it says.
func TestOpenSettings(t *testing.T) {
	o, err := apply(nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := openFile(t.Context(), testFile(t), o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	want := fmt.Sprintf("busy_timeout %d, journal_mode wal, synchronous 1", lockPatience.Milliseconds())
	if got := pragmas(t, e.db.(*sqliteDB).db); got != want {
		t.Errorf("Open: %s; want %s", got, want)
	}
}

// openTestFile returns an engine in the file at path, until the test ends.
func openTestFile(t *testing.T, path string, opts ...Option) *Engine {
	t.Helper()
	db, err := openSQLite(path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	e, err := NewSQLite(liveness.WithPace(t.Context(), judging), db, opts...)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, e)
	return e
}

func testFile(t *testing.T) string { return filepath.Join(t.TempDir(), "calls.db") }

func TestSQLiteConformance(t *testing.T) {
	defer chance(200 * time.Millisecond)()
	enginetest.Exercise(t, func(t *testing.T, workers int) engine.Engine {
		return openTestFile(t, testFile(t), Concurrency(workers))
	})
}

func TestSQLiteJournalConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) journal.Journal { return openTestFile(t, testFile(t)).Journal() })
}

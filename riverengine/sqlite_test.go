package riverengine

import (
	"path/filepath"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/enginetest"
	"github.com/saferunner/saferunner/journal/journaltest"
)

// openTestFile returns an engine in the file at path, until the test ends.
func openTestFile(t *testing.T, path string, opts ...Option) *Engine {
	t.Helper()
	db, err := openSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database: %v", err)
		}
	})
	e, err := NewSQLite(t.Context(), db, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func testFile(t *testing.T) string { return filepath.Join(t.TempDir(), "calls.db") }

func TestSQLiteConformance(t *testing.T) {
	enginetest.Exercise(t, func(t *testing.T, workers int) saferunner.Engine {
		return openTestFile(t, testFile(t), Concurrency(workers))
	})
}

func TestSQLiteJournalConformance(t *testing.T) {
	journaltest.Exercise(t, func(t *testing.T) saferunner.Journal { return openTestFile(t, testFile(t)).Journal() })
}

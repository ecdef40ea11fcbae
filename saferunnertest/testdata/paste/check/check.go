// Package check makes recorders whose failures can be read.
package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// Run records calls. While TEXTS names a folder, what the recorder says when it
// fails goes to a file there, and the test does not fail.
func Run(t *testing.T, calls ...saferunner.Call) *saferunnertest.Recorder {
	t.Helper()
	rec := saferunnertest.New(&quiet{t})
	if _, err := saferunner.Run(rec.Context(), "run", calls...); err != nil {
		t.Fatal(err)
	}
	return rec
}

type quiet struct{ testing.TB }

func (q *quiet) Error(args ...any) {
	q.Helper()
	folder := os.Getenv("TEXTS")
	if folder == "" {
		q.TB.Error(args...)
		return
	}
	if err := os.WriteFile(filepath.Join(folder, q.Name()), []byte(args[0].(string)), 0o600); err != nil {
		q.Fatal(err)
	}
}

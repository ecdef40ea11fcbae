package journal_test

import (
	"testing"

	"github.com/saferunner/saferunner/journal"
)

func TestCursor(t *testing.T) {
	for _, id := range []string{"0", "01kq3v8r7t2m5n6p7q8r", "after:", "é", " "} {
		if got, err := (journal.Query{Cursor: journal.CursorAfter(id)}).After(); got != id || err != nil {
			t.Errorf("the cursor after %q: %q, %v", id, got, err)
		}
	}
	if got, err := (journal.Query{}).After(); got != "" || err != nil {
		t.Errorf("the first page: %q, %v", got, err)
	}
	for _, cursor := range []string{"after", "after:", "01kq3v8r7t2m5n6p7q8r", "-", "\x00", "After:1"} {
		if got, err := (journal.Query{Cursor: cursor}).After(); err == nil {
			t.Errorf("cursor %q, which no page has had, is after %q", cursor, got)
		}
	}
}

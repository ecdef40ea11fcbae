package store_test

import (
	"strings"
	"testing"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/journal"
)

// A file that cannot be written to is reported by Write, Flush and Close,
// each loss once, and is no reason not to go on when it can be again.
func TestLossIsReported(t *testing.T) {
	path := file(t)
	j, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, path, "CREATE TRIGGER full BEFORE INSERT ON saferunner_entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
	if err := j.Write(t.Context(), journal.Put(entry("a")), journal.Put(entry("b")), journal.Forget("c")); err != nil {
		t.Fatalf("Write: %v", err)
	}
	wantLoss := func(what string, err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s after a failed commit: %v; want %q and the cause", what, err, text)
		}
	}
	if _, err := j.Query(t.Context(), journal.Query{}); err != nil {
		t.Errorf("Query after a failed commit: %v", err)
	}
	wantLoss("Flush", j.Flush(t.Context()), "lost ")
	if err := j.Flush(t.Context()); err != nil {
		t.Errorf("a second Flush reports the loss again: %v", err)
	}
	lost := j.Lost()
	if lost < 2 || lost > 3 { // the Forget may have been in another group
		t.Errorf("Lost is %d, want 2 or 3", lost)
	}

	execute(t, path, "DROP TRIGGER full")
	if err := j.Write(t.Context(), journal.Put(entry("d"))); err != nil {
		t.Errorf("Write once the cause is gone: %v", err)
	}
	page, err := j.Query(t.Context(), journal.Query{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].ID != "d" {
		t.Errorf("after the loss, the journal holds %v, %v; want d alone", page.Entries, err)
	}

	execute(t, path, "CREATE TRIGGER full BEFORE INSERT ON saferunner_entries BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
	if err := j.Write(t.Context(), journal.Put(entry("e"))); err != nil {
		t.Fatalf("Write: %v", err)
	}
	wantLoss("Close", j.Close(), "lost 1 of")
	if j.Lost() != lost+1 {
		t.Errorf("Lost is %d, want %d", j.Lost(), lost+1)
	}
}

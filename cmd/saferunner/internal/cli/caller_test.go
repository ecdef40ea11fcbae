package cli_test

import (
	"strings"
	"testing"
)

// What a user's calls leave behind names no file of the machine that this
// program was built on, however they were made.
func TestEntriesHaveNoCaller(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shell) {
		s.write("list.yaml", asyncList)
		var printed string
		for _, args := range [][]string{
			{"run", "--json", "list.yaml"}, {"run", "--json", "--durable", "list.yaml"}, {"run", "--json", "--record", "list.yaml"},
			{"exec", "--run-id", "r", "--task", "ef", "--", "true"}, {"exec", "--run-id", "r", "--task", "ef", "--async", "--", "true"},
		} {
			printed += s.must(0, args...).stdout
		}
		entries := s.calls("r")
		if len(entries) != 8 {
			t.Errorf("%d entries, want 8", len(entries))
		}
		for _, e := range entries {
			if e.Caller != "" {
				t.Errorf("%s %s was called at %s", e.Task, e.Status, e.Caller)
			}
		}
		if text := printed + s.read("journal.db") + s.read("journal.db-wal"); strings.Contains(text, ".go:") {
			t.Error("a place in a Go file was printed, or is in the database")
		}
	})
}

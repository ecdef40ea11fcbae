package journaltest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

func ids(entries []journal.Entry) []string {
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.ID
	}
	return list
}

func reversed(entries []journal.Entry) []journal.Entry {
	list := slices.Clone(entries)
	slices.Reverse(list)
	return list
}

func wantIDs(t *testing.T, what string, got, want []journal.Entry) {
	t.Helper()
	if !slices.Equal(ids(got), ids(want)) {
		t.Fatalf("%s: got %d entries %v, want %d %v", what, len(got), ids(got), len(want), ids(want))
	}
}

// wantEntry compares as the doc of Exercise says.
func wantEntry(t *testing.T, got, want journal.Entry) {
	t.Helper()
	if g, w := plain(got), plain(want); !reflect.DeepEqual(g, w) {
		t.Errorf("entry %s:\n got %+v\nwant %+v", want.ID, g, w)
	}
}

// plain returns the entry with its times in UTC, its JSON in one form
// and nothing where it is empty.
func plain(e journal.Entry) journal.Entry {
	e.Args, e.Result = canonical(e.Args), canonical(e.Result)
	e.At, e.StartedAt, e.FinishedAt = e.At.UTC(), e.StartedAt.UTC(), e.FinishedAt.UTC()
	attempts := e.Attempts
	e.Attempts = nil
	for _, a := range attempts {
		a.Started, a.Finished = a.Started.UTC(), a.Finished.UTC()
		e.Attempts = append(e.Attempts, a)
	}
	return e
}

func canonical(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return fmt.Appendf(nil, "no JSON: %q", raw)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Appendf(nil, "no JSON: %q", raw)
	}
	return encoded
}

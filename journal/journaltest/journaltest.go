// Package journaltest holds the conformance suite that every
// [saferunner.Journal] passes.
package journaltest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Exercise tests a journal, as subtests of t. It calls open for an empty
// journal of its own in each of them; open closes it by t.Cleanup, and fails
// t if it cannot. The journal must hold 2,000 small entries. Run it with the
// race detector: some of the tests are concurrent.
//
// It demands what the interface promises and no more: IDs are any unique
// text, times may be kept to the microsecond, and JSON may be formatted anew.
func Exercise(t *testing.T, open func(t *testing.T) journal.Journal) {
	for name, test := range map[string]func(*testing.T, journal){
		"write":       testWrite,
		"fields":      testFields,
		"update":      testUpdate,
		"forget":      testForget,
		"filters":     testFilters,
		"pages":       testPages,
		"growing":     testGrowing,
		"limits":      testLimits,
		"prune":       testPrune,
		"prune keys":  testPruneKeys,
		"claim":       testClaim,
		"claim ends":  testClaimEnds,
		"claim stays": testClaimStays,
		"claim races": testClaimRaces,
		"writers":     testWriters,
		"cancelled":   testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, journal{t, open(t)}) })
	}
}

// journal is the one under test; its methods fail the test on an error.
type journal struct {
	t *testing.T
	journal.Journal
}

func (j journal) put(entries ...journal.Entry) {
	j.t.Helper()
	changes := make([]journal.Change, len(entries))
	for i, e := range entries {
		changes[i] = journal.Put(e)
	}
	j.write(changes...)
}

func (j journal) write(changes ...journal.Change) {
	j.t.Helper()
	if err := j.Write(j.t.Context(), changes...); err != nil {
		j.t.Fatalf("Write: %v", err)
	}
}

func (j journal) page(q journal.Query) journal.Page {
	j.t.Helper()
	page, err := j.Query(j.t.Context(), q)
	if err != nil {
		j.t.Fatalf("Query(%+v): %v", q, err)
	}
	return page
}

// all returns the entries of all pages.
func (j journal) all(q journal.Query) (entries []journal.Entry) {
	j.t.Helper()
	for range 1000 {
		page := j.page(q)
		entries = append(entries, page.Entries...)
		if page.Next == "" {
			return entries
		}
		q.Cursor = page.Next
	}
	j.t.Fatalf("Query(%+v): the pages do not end", q)
	return nil
}

// get returns the entry with this ID, and whether there is one.
func (j journal) get(id string) (journal.Entry, bool) {
	j.t.Helper()
	entries := j.all(journal.Query{ID: id})
	if len(entries) > 1 || len(entries) == 1 && entries[0].ID != id {
		j.t.Fatalf("Query for ID %s gave entries %v", id, ids(entries))
	}
	if len(entries) == 0 {
		return journal.Entry{}, false
	}
	return entries[0], true
}

func (j journal) claim(task, key, id string) (holder string) {
	j.t.Helper()
	holder, err := j.Claim(j.t.Context(), task, key, id)
	if err != nil {
		j.t.Fatalf("Claim(%s, %s, %s): %v", task, key, id, err)
	}
	return holder
}

func (j journal) wantHolder(task, key, id, want string) {
	j.t.Helper()
	if holder := j.claim(task, key, id); holder != want {
		j.t.Errorf("Claim(%s, %s) by %s: holder is %s, want %s", task, key, id, holder, want)
	}
}

func (j journal) prune(before time.Time) int {
	j.t.Helper()
	n, err := j.Prune(j.t.Context(), before)
	if err != nil {
		j.t.Fatalf("Prune: %v", err)
	}
	return n
}

// now is the time, as precise as any journal keeps it.
func now() time.Time { return time.Now().Truncate(time.Microsecond) }

// entry returns a new one.
func entry(status journal.Status) journal.Entry {
	return journal.Entry{
		ID: rand.Text(), RunID: "order.created", Run: rand.Text(), Task: "sms.send",
		Args: json.RawMessage(`{"to":"+27821234567"}`), Status: status, At: now(),
	}
}

// entries returns n new ones.
func entries(n int) []journal.Entry {
	list := make([]journal.Entry, n)
	for i := range list {
		list[i] = entry(journal.StatusRecorded)
	}
	return list
}

// full returns an entry with every field set.
func full(status journal.Status) journal.Entry {
	at := now()
	return journal.Entry{
		ID: rand.Text(), RunID: "ordre.créé", Run: rand.Text(), Task: "crm.update",
		Args: json.RawMessage(`{"name":"Zoë's \"shop\"","lines":[1,2.5,null]}`), Async: true, Key: "order/17", Status: status,
		Attempts: []journal.Attempt{
			{Started: at.Add(time.Second), Finished: at.Add(2 * time.Second), Error: "no answer", Stack: "goroutine 1:\n\tmain.main()", Worker: "a"},
			{Started: at.Add(3 * time.Second), Finished: at.Add(4 * time.Second), Worker: "b"},
		},
		Result: json.RawMessage(`["accepted"]`),
		At:     at, StartedAt: at.Add(time.Second), FinishedAt: at.Add(4 * time.Second),
		Caller: "shop/checkout.go:42", Scope: "suite-7",
	}
}

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

// wantEntry compares as the suite's doc says.
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

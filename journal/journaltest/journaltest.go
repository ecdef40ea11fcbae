// Package journaltest holds the conformance suite that every
// [journal.Journal] passes.
package journaltest

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Exercise tests a journal, as subtests of t. It calls open for an empty
// journal in each of them, in some for a second one; open closes it by
// t.Cleanup, and fails t if it cannot. The journal must hold 4,000 small
// entries. Run it with the race detector: some of the tests are concurrent.
//
// It demands what the interface promises and no more: IDs are any unique
// text that is valid UTF-8, without NUL, and sorts by its bytes; times may be
// kept to the microsecond, and JSON may be formatted anew.
func Exercise(t *testing.T, open func(t *testing.T) journal.Journal) {
	for name, test := range map[string]func(*testing.T, subject){
		"write":          testWrite,
		"fields":         testFields,
		"update":         testUpdate,
		"forget":         testForget,
		"filters":        testFilters,
		"unknown status": testUnknownStatus,
		"order":          testOrder,
		"pages":          testPages,
		"growing":        testGrowing,
		"shrinking":      testShrinking,
		"limits":         testLimits,
		"prune":          testPrune,
		"prune by time":  testPruneByTime,
		"prune keys":     testPruneKeys,
		"claim":          testClaim,
		"claim ends":     testClaimEnds,
		"claim stays":    testClaimStays,
		"claim races":    testClaimRaces,
		"live":           testLive,
		"two journals":   testTwoJournals,
		"two in front":   testTwoInFront,
		"bulk":           testBulk,
		"writers":        testWriters,
		"cancelled":      testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, subject{t, open(t), open}) })
	}
}

// subject is the journal under test; its methods fail the test on an error.
type subject struct {
	t *testing.T
	journal.Journal
	open func(*testing.T) journal.Journal
}

// within is the same journal in a subtest.
func (s subject) within(t *testing.T) subject { return subject{t, s.Journal, s.open} }

// another opens a second journal.
func (s subject) another() subject { return subject{s.t, s.open(s.t), s.open} }

func (s subject) put(entries ...journal.Entry) {
	s.t.Helper()
	changes := make([]journal.Change, len(entries))
	for i, e := range entries {
		changes[i] = journal.Put(e)
	}
	s.write(changes...)
}

func (s subject) write(changes ...journal.Change) {
	s.t.Helper()
	if err := s.Write(s.t.Context(), changes...); err != nil {
		s.t.Fatalf("Write: %v", err)
	}
}

func (s subject) page(q journal.Query) journal.Page {
	s.t.Helper()
	page, err := s.Query(s.t.Context(), q)
	if err != nil {
		s.t.Fatalf("Query(%+v): %v", q, err)
	}
	return page
}

// all returns the entries of all pages.
func (s subject) all(q journal.Query) (entries []journal.Entry) {
	s.t.Helper()
	for range 5000 {
		page := s.page(q)
		entries = append(entries, page.Entries...)
		if page.Next == "" {
			return entries
		}
		q.Cursor = page.Next
	}
	s.t.Fatalf("Query(%+v): the pages do not end", q)
	return nil
}

// get returns the entry with this ID, and whether there is one.
func (s subject) get(id string) (journal.Entry, bool) {
	s.t.Helper()
	entries := s.all(journal.Query{ID: id})
	if len(entries) > 1 || len(entries) == 1 && entries[0].ID != id {
		s.t.Fatalf("Query for ID %s gave entries %v", id, ids(entries))
	}
	if len(entries) == 0 {
		return journal.Entry{}, false
	}
	return entries[0], true
}

func (s subject) wantHolder(task, key, id, want string) {
	s.t.Helper()
	holder, err := s.Claim(s.t.Context(), task, key, id)
	if err != nil {
		s.t.Fatalf("Claim(%s, %s) by %s: %v", task, key, id, err)
	}
	if holder != want {
		s.t.Errorf("Claim(%s, %s) by %s: holder is %s, want %s", task, key, id, holder, want)
	}
}

func (s subject) prune(before time.Time) int {
	s.t.Helper()
	n, err := s.Prune(s.t.Context(), before)
	if err != nil {
		s.t.Fatalf("Prune: %v", err)
	}
	return n
}

// now is the time, as precise as any journal keeps it.
func now() time.Time { return time.Now().Truncate(time.Microsecond) }

var lastID atomic.Int64

// newID returns one that is greater than all before.
func newID() string { return fmt.Sprintf("%020d", lastID.Add(1)) }

// entry returns a new one, with the greatest ID so far.
func entry(status journal.Status) journal.Entry {
	return journal.Entry{
		ID: newID(), RunID: "order.created", Run: newID(), Task: "sms.send",
		Args: json.RawMessage(`{"to":"+27821234567"}`), Status: status, At: now(),
	}
}

// entries returns n new ones, in the order of their IDs.
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
		ID: newID(), RunID: "ordre.créé", Run: newID(), Task: "crm.update",
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

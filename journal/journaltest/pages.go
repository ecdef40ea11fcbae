package journaltest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// testOrder writes entries in another order than that of their IDs, which
// sort by their bytes.
func testOrder(t *testing.T, j subject) {
	var list []journal.Entry
	for i, id := range []string{"b", "B", "a-2", "Z", "10", "a", "é", "aé", "a_1", "9", "A", "a 3", "z", "b0"} {
		e := entry(journal.StatusDone)
		e.ID, e.RunID = id, "order.created"
		e.At = e.At.Add(-time.Duration(i%3) * time.Hour) // nor is the time of Run asked
		list = append(list, e)
	}
	half := len(list) / 2
	j.put(list[:half]...)
	j.put(list[half:]...)
	j.put(list[3], list[0]) // to write again is not to come later
	slices.SortFunc(list, func(a, b journal.Entry) int { return strings.Compare(a.ID, b.ID) })
	for _, q := range []journal.Query{
		{}, {RunID: "order.created"}, {Task: list[0].Task}, {Statuses: []journal.Status{journal.StatusDone}},
		{Statuses: []journal.Status{journal.StatusDone, journal.StatusFailed}},
	} {
		for _, q.Limit = range []int{100, 3} {
			wantIDs(t, fmt.Sprintf("%+v", q), j.all(q), reversed(list))
			oldest := q
			oldest.OldestFirst = true
			wantIDs(t, fmt.Sprintf("%+v", oldest), j.all(oldest), list)
		}
	}
}

func testPages(t *testing.T, j subject) {
	list := entries(13)
	j.put(list...)
	for _, limit := range []int{1, 2, 5, 12, 13, 14} {
		what := fmt.Sprintf("pages of %d", limit)
		wantIDs(t, what+", newest first", j.all(journal.Query{Limit: limit}), reversed(list))
		wantIDs(t, what+", oldest first", j.all(journal.Query{Limit: limit, OldestFirst: true}), list)
	}
	for _, cursor := range []string{"no such cursor", "-", "\x00", list[3].ID, "17"} {
		if page, err := j.Query(t.Context(), journal.Query{Cursor: cursor}); err == nil {
			t.Errorf("cursor %q, which no page has had, gave entries %v and no error", cursor, ids(page.Entries))
		}
	}
}

// testGrowing adds and updates entries between two pages: those beyond the
// cursor are seen, those before it are not, and none is seen twice.
func testGrowing(t *testing.T, j subject) {
	list := entries(12)
	early, late, old := list[:2], list[10:], list[2:10]
	between := list[5]
	j.put(slices.DeleteFunc(slices.Clone(old), func(e journal.Entry) bool { return e.ID == between.ID })...)
	newest := journal.Query{Limit: 2}
	oldest := journal.Query{Limit: 2, OldestFirst: true}
	a, b := j.page(newest), j.page(oldest)
	if a.Next == "" || b.Next == "" {
		t.Fatal("the first of several pages names no next one")
	}
	j.put(late[1], old[0], early[1], late[0], between, early[0], old[7])
	newest.Cursor, oldest.Cursor = a.Next, b.Next
	wantIDs(t, "newest first", append(a.Entries, j.all(newest)...), reversed(list[:10]))
	wantIDs(t, "oldest first", append(b.Entries, j.all(oldest)...), list[2:])
}

// testShrinking deletes the entry that a cursor stands at.
func testShrinking(t *testing.T, j subject) {
	list := entries(6)
	j.put(list...)
	newest := journal.Query{Limit: 2}
	oldest := journal.Query{Limit: 2, OldestFirst: true}
	a, b := j.page(newest), j.page(oldest)
	j.write(journal.Forget(list[4].ID), journal.Forget(list[3].ID), journal.Forget(list[1].ID))
	newest.Cursor, oldest.Cursor = a.Next, b.Next
	wantIDs(t, "newest first", j.all(newest), []journal.Entry{list[2], list[0]})
	wantIDs(t, "oldest first", j.all(oldest), []journal.Entry{list[2], list[5]})
}

func testLimits(t *testing.T, j subject) {
	const many = journal.MaxPage + 5
	list := entries(many)
	j.put(list...)
	for limit, want := range map[int]int{
		0: 100, -1: 100, 1: 1, 101: 101, journal.MaxPage: journal.MaxPage,
		journal.MaxPage + 1: journal.MaxPage, math.MaxInt32: journal.MaxPage,
	} {
		page := j.page(journal.Query{Limit: limit})
		if len(page.Entries) != want || page.Next == "" {
			t.Errorf("limit %d: %d entries of %d, next %q; want %d and a next page", limit, len(page.Entries), many, page.Next, want)
		}
	}
	wantIDs(t, "all of them", j.all(journal.Query{Limit: journal.MaxPage, OldestFirst: true}), list)
}

// testCancelled uses a context that has ended: each call either fails with
// its error and has done nothing, or has done its work.
func testCancelled(t *testing.T, j subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := entry(journal.StatusDone)
	failed := func(what string, err error) bool {
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", what, err)
		}
		return err != nil
	}
	refused := failed("Write", j.Write(ctx, journal.Put(e)))
	if _, found := j.get(e.ID); found == refused {
		t.Errorf("Write with a cancelled context: refused is %v, and written is %v", refused, found)
	}
	_, err := j.Query(ctx, journal.Query{})
	failed("Query", err)
	_, err = j.Prune(ctx, now())
	failed("Prune", err)

	holder, err := j.Claim(ctx, "sms.send", "k", e.ID)
	want := e.ID
	if failed("Claim", err) {
		want = "another"
	} else if holder != e.ID {
		t.Errorf("Claim with a cancelled context: holder %q and no error", holder)
	}
	j.wantHolder("sms.send", "k", "another", want)
}

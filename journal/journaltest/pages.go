package journaltest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

func testPages(t *testing.T, j journal) {
	list := entries(13)
	j.put(list...)
	for _, limit := range []int{1, 2, 5, 12, 13, 14} {
		what := fmt.Sprintf("pages of %d", limit)
		wantIDs(t, what+", newest first", j.all(journal.Query{Limit: limit}), reversed(list))
		wantIDs(t, what+", oldest first", j.all(journal.Query{Limit: limit, OldestFirst: true}), list)
	}
	for _, cursor := range []string{"no such cursor", "-", "\x00"} {
		if page, err := j.Query(t.Context(), journal.Query{Cursor: cursor}); err == nil {
			t.Errorf("cursor %q, which no page has had, gave entries %v and no error", cursor, ids(page.Entries))
		}
	}
}

// testGrowing adds and updates entries between two pages.
func testGrowing(t *testing.T, j journal) {
	list := entries(8)
	j.put(list[:6]...)
	newest := journal.Query{Limit: 2}
	oldest := journal.Query{Limit: 2, OldestFirst: true}
	a, b := j.page(newest), j.page(oldest)
	if a.Next == "" || b.Next == "" {
		t.Fatal("the first of several pages names no next one")
	}
	j.put(list[6], list[0], list[7], list[4])
	newest.Cursor, oldest.Cursor = a.Next, b.Next
	wantIDs(t, "newest first", append(a.Entries, j.all(newest)...), reversed(list[:6]))
	wantIDs(t, "oldest first", append(b.Entries, j.all(oldest)...), list)
}

func testLimits(t *testing.T, j journal) {
	const many = journal.MaxPage + 5
	list := entries(many)
	j.put(list...)
	for limit, want := range map[int]int{
		0: 100, -1: 100, 1: 1, 101: 101, journal.MaxPage: journal.MaxPage,
		journal.MaxPage + 1: journal.MaxPage, 1 << 40: journal.MaxPage,
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
func testCancelled(t *testing.T, j journal) {
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

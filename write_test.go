package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// tee is one journal over two: both get everything.
type tee struct {
	journal.Journal
	other journal.Journal
}

func (t tee) Write(ctx context.Context, changes ...journal.Change) error {
	return errors.Join(t.Journal.Write(ctx, changes...), t.other.Write(ctx, changes...))
}

// What a journal passes on to several others is in each of them, whole.
func TestTeeOfJournals(t *testing.T) {
	one, two, three := saferunner.NewMemoryJournal(1000, 1<<30), saferunner.NewMemoryJournal(1000, 1<<30), saferunner.NewMemoryJournal(1000, 1<<30)
	r, e := quiet(t, saferunner.WithJournal(tee{one, tee{two, three}})), newEffects()
	again := saferunner.Define("again.task", func(context.Context, int) error { return errBroken }, saferunner.Attempts(3), saferunner.Backoff(1, 1))
	want := 0
	for i := range 20 {
		calls := []saferunner.Call{
			e.note.With("a"), e.double.With(i).Async(), e.fail.With("b").BestEffort(), again.With(1).Async(),
			e.double.With(2).Key(fmt.Sprint(i / 2)), e.double.With(3).Async().Key(fmt.Sprint("x", i/2)), e.note.With("later").After(time.Hour),
		}
		if i%3 == 0 {
			calls = append(calls, e.fail.With("stops"), e.note.With("skipped"))
		}
		want += len(calls)
		if _, err := r.Run(t.Context(), "tee", calls...); err != nil && i%3 != 0 {
			t.Fatal(err)
		}
	}
	if err := r.Shutdown(t.Context()); !errors.Is(err, saferunner.ErrShutdown) {
		t.Error(err) // what was for later
	}
	first := contents(t, one)
	for name, j := range map[string]journal.Journal{"the second": two, "the third": three} {
		if got := contents(t, j); got != first {
			t.Errorf("%s journal has\n%s\nthe first\n%s", name, got, first)
		}
	}
	page, err := one.Query(t.Context(), journal.Query{Limit: journal.MaxPage})
	if err != nil || len(page.Entries) != want {
		t.Errorf("%d entries for %d calls, %v", len(page.Entries), want, err)
	}
	for _, entry := range page.Entries {
		if !entry.Status.Final() {
			t.Errorf("%s is %s", entry.Task, entry.Status)
		}
	}
}

// contents is all that a journal has, as JSON.
func contents(t *testing.T, j journal.Journal) string {
	t.Helper()
	page, err := j.Query(t.Context(), journal.Query{Limit: journal.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(page.Entries, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A journal may keep what it was given, and read it when it likes: a change
// tells what is true then, and two of one call agree.
func TestChangesTellWhatIsTrueWhenTheyAreRead(t *testing.T) {
	k := &keeping{Journal: saferunner.NewMemoryJournal(100, 1<<20)}
	r, e := quiet(t, saferunner.WithJournal(k)), newEffects()
	report, err := r.Run(t.Context(), "kept", e.note.With("a"), e.fail.With("b").BestEffort(), e.double.With(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range k.kept {
		for _, o := range report.Outcomes() {
			if o.EntryID == c.ID() && (c.Status() != o.Status || c.Entry().Status != o.Status) {
				t.Errorf("a change of %s says %s and %s", o.Task, c.Status(), c.Entry().Status)
			}
		}
	}
	if len(k.kept) < 3 {
		t.Errorf("%d changes", len(k.kept))
	}
}

type keeping struct {
	journal.Journal
	kept []journal.Change
}

func (k *keeping) Write(ctx context.Context, changes ...journal.Change) error {
	k.kept = append(k.kept, changes...)
	return k.Journal.Write(ctx, changes...)
}

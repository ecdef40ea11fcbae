package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestKeyExecutesOnce(t *testing.T) {
	rec, e := forced(t), newEffects()
	first, err := saferunner.Run(rec.Context(), "keyed", e.double.With(4).Key("k"), e.double.With(5).Key("other"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := saferunner.Run(rec.Context(), "keyed", e.double.With(4).Key("k"), e.note.With("same key, other task").Key("k"))
	if err != nil {
		t.Fatal(err)
	}
	if statuses(first) != "done done" || statuses(second) != "duplicate done" {
		t.Errorf("got %s, then %s", statuses(first), statuses(second))
	}
	if out, err := e.double.Result(second); out != 8 || err != nil {
		t.Errorf("the duplicate has %d, %v", out, err)
	}
	if got := e.double.Results(second); len(got) != 0 {
		t.Errorf("a duplicate counts as executed: %v", got)
	}
}

func TestFailedCallGivesItsKeyBack(t *testing.T) {
	rec, e := forced(t), newEffects()
	for range 2 {
		if _, err := saferunner.Run(rec.Context(), "keyed", e.fail.With("x").Key("k")); !errors.Is(err, errBroken) {
			t.Errorf("got %v", err)
		}
	}
	e.wantDone(t, "x", "x")
}

func TestKeyTwiceInOneBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		report, err := saferunner.Run(rec.Context(), "keyed", e.note.With("a").Key("k").Async(), e.note.With("a").Key("k").Async())
		if err := errors.Join(err, rec.Wait()); err != nil || statuses(report) != "done duplicate" {
			t.Errorf("got %s, %v", statuses(report), err)
		}
		e.wantDone(t, "a")
	})
}

func TestKeyIsHeldWhileItsCallRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := forced(t)
		slow := saferunner.DefineResult("slow.double", func(_ context.Context, n int) (int, error) {
			time.Sleep(time.Minute)
			return 2 * n, nil
		})
		if _, err := saferunner.Run(rec.Context(), "keyed", slow.With(1).Key("k").Async()); err != nil {
			t.Fatal(err)
		}
		second, err := saferunner.Run(rec.Context(), "keyed", slow.With(1).Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := slow.Result(second); !errors.Is(err, saferunner.ErrDuplicate) {
			t.Errorf("got %v", err)
		}
		_ = rec.Wait()
		third, err := saferunner.Run(rec.Context(), "keyed", slow.With(1).Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		if out, err := slow.Result(third); out != 2 || err != nil {
			t.Errorf("got %d, %v", out, err)
		}
	})
}

func TestRecordingClaimsNoKey(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	report, err := saferunner.Run(rec.Context(), "keyed", e.note.With("a").Key("k"), e.note.With("a").Key("k"))
	if err != nil || statuses(report) != "recorded recorded" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
}

func TestFullKeyTableRefuses(t *testing.T) {
	j := saferunner.NewMemoryJournal(saferunner.MemoryEntries, saferunner.MemoryBytes)
	for i := range saferunner.MemoryKeys {
		if _, err := j.Claim(t.Context(), "some.task", fmt.Sprint(i), fmt.Sprint("id", i)); err != nil {
			t.Fatal(err)
		}
	}
	r, e := quiet(t, saferunner.WithJournal(j)), newEffects()
	_, err := r.Run(t.Context(), "keyed", e.note.With("x").Key("one too many"))
	if !errors.Is(err, journal.ErrKeysFull) {
		t.Errorf("got %v", err)
	}
	e.wantDone(t)
}

// brokenJournal cannot be reached.
type brokenJournal struct{ journal.Journal }

var errUnreachable = errors.New("no route to journal")

func (brokenJournal) Write(context.Context, ...journal.Change) error { return errUnreachable }
func (brokenJournal) Claim(context.Context, string, string, string) (string, error) {
	return "", errUnreachable
}

func TestUnreachableJournal(t *testing.T) {
	r, e := quiet(t, saferunner.WithJournal(brokenJournal{})), newEffects()
	report, err := r.Run(t.Context(), "broken", e.note.With("plain"), e.note.With("keyed").Key("k"), e.note.With("after"))
	if !errors.Is(err, errUnreachable) || statuses(report) != "done failed skipped" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t, "plain")
	if r.JournalFailures() == 0 {
		t.Error("no failure was counted")
	}
}

// The log of a failed write names the first call that the journal lacks.
func TestUnreachableJournalIsLogged(t *testing.T) {
	var log strings.Builder
	e := newEffects()
	r, err := saferunner.NewForcedRunner(saferunner.WithJournal(brokenJournal{}), saferunner.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	report, err := r.Run(t.Context(), "broken", e.note.With("a"), e.note.With("b"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`level=ERROR msg="saferunner: journal failed" changes=2 run_id=broken task=%s entry=%s error="no route to journal"`+"\n",
		e.note.Name(), report.Outcomes()[0].EntryID)
	if !strings.Contains(log.String(), want) {
		t.Errorf("logged\n%swithout\n%s", log.String(), want)
	}
}

// A call that is refused in the midst of a batch stops the list there: those
// before it are queued, those after it are skipped.
func TestRefusedKeyWithinABatch(t *testing.T) {
	r, e := quiet(t, saferunner.WithJournal(brokenJournal{})), newEffects()
	report, err := r.Run(t.Context(), "batch",
		e.note.With("before").Async(), e.note.With("keyed").Key("k").Async(), e.note.With("after").Async())
	if !errors.Is(err, errUnreachable) {
		t.Error(err)
	}
	if err := r.Shutdown(t.Context()); err != nil || statuses(report) != "done failed skipped" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	e.wantDone(t, "before")
}

// A key that an earlier call of the same list gave back is free for a later
// one.
func TestKeyGivenBackWithinAList(t *testing.T) {
	for name, r := range map[string]*saferunner.Runner{
		"memory":   quiet(t),
		"rendered": quiet(t, saferunner.WithJournal(rendered{saferunner.NewMemoryJournal(100, 1<<20)})),
	} {
		e := newEffects()
		call := e.fail.With("x").Key("k").BestEffort()
		if report, err := r.Run(t.Context(), "list", call, call); err != nil || statuses(report) != "failed failed" {
			t.Errorf("%s: got %s, %v", name, statuses(report), err)
		}
	}
}

// However small the journal, what holds a key is in it, and a failed call
// gives its key back.
func TestKeysInATinyJournal(t *testing.T) {
	r, e := quiet(t, saferunner.WithJournal(saferunner.NewMemoryJournal(1, 1))), newEffects()
	for range 2 {
		var calls []saferunner.Call
		for range 5 {
			calls = append(calls, e.note.With("filler"))
		}
		calls = append(calls, e.fail.With("x").Key("failed").BestEffort(), e.double.With(7).Key("kept"))
		report, err := r.Run(t.Context(), "tiny", calls...)
		if err != nil || report.Outcomes()[5].Status != journal.StatusFailed {
			t.Fatalf("got %s, %v", statuses(report), err)
		}
		if out, err := e.double.Result(report); out != 14 || err != nil {
			t.Errorf("got %d, %v", out, err)
		}
	}
}

func TestPerformClaimsKeys(t *testing.T) {
	rec, e := saferunnertest.New(t), newEffects()
	if _, err := saferunner.Run(rec.Context(), "keyed", e.note.With("a").Key("k"), e.note.With("b").Key("k")); err != nil {
		t.Fatal(err)
	}
	if err := rec.PerformAll(); err != nil {
		t.Fatal(err)
	}
	e.wantDone(t, "a")
	if got, want := journaled(t, rec, "keyed"), "effects.note=done effects.note=duplicate"; got != want {
		t.Errorf("journal has %s, want %s", got, want)
	}
}

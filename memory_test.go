package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/journal/journaltest"
)

func TestMemoryJournal(t *testing.T) {
	journaltest.Exercise(t, func(*testing.T) journal.Journal {
		return saferunner.NewMemoryJournal(saferunner.MemoryEntries, saferunner.MemoryBytes)
	})
}

func TestMemoryJournalIsBoundedByEntries(t *testing.T) {
	r := quiet(t, saferunner.WithJournal(saferunner.NewMemoryJournal(100, 1<<30)))
	e := newEffects()
	for i := range 300 {
		if _, err := r.Run(t.Context(), "many", e.note.With(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := r.Calls(t.Context(), "many")
	if err != nil || len(entries) != 100 || string(entries[0].Args) != `"200"` || string(entries[99].Args) != `"299"` {
		t.Errorf("%d entries from %s, %v", len(entries), entries[0].Args, err)
	}
}

func TestMemoryJournalSaysWhatItDropped(t *testing.T) {
	j := saferunner.NewMemoryJournal(10, 1<<30)
	for i := range 25 {
		if err := j.Write(t.Context(), journal.Put(journal.Entry{ID: fmt.Sprint(i), Status: journal.StatusDone})); err != nil {
			t.Fatal(err)
		}
	}
	page, err := j.Query(t.Context(), journal.Query{})
	if err != nil || page.Dropped != 15 || len(page.Entries) != 10 {
		t.Errorf("%d dropped, %d held, %v", page.Dropped, len(page.Entries), err)
	}
}

func TestKeyedEntriesAreNotDropped(t *testing.T) {
	r := quiet(t, saferunner.WithJournal(saferunner.NewMemoryJournal(10, 1<<30)))
	e := newEffects()
	for i := range 50 {
		if _, err := r.Run(t.Context(), "keyed", e.note.With("keyed").Key(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Run(t.Context(), "plain", e.note.With("plain")); err != nil {
			t.Fatal(err)
		}
	}
	whole := 0
	page, err := r.Journal().Query(t.Context(), journal.Query{})
	for _, entry := range page.Entries {
		if entry.RunID != "" {
			whole++
		} else if entry.Key == "" || entry.Status != journal.StatusDone {
			t.Errorf("left of a call: %+v", entry)
		}
	}
	if err != nil || whole != 10 || len(page.Entries) != 55 {
		t.Errorf("%d entries, %d of them whole, %v", len(page.Entries), whole, err)
	}
	for i := range 50 {
		report, err := r.Run(t.Context(), "again", e.note.With("keyed").Key(fmt.Sprint(i)))
		if err != nil || statuses(report) != "duplicate" {
			t.Errorf("key %d: %s, %v", i, statuses(report), err)
		}
	}
}

// What the default journal keeps from being freed stays within the bound
// that the documentation states, also when each call carries much.
func TestMemoryJournalIsBoundedInBytes(t *testing.T) {
	const bound = 4 << 20
	type payload struct {
		Text  string
		Bytes []byte
		Map   map[string]int
	}
	shapes := map[string]func(i int) payload{
		"small": func(int) payload { return payload{} },
		"text":  func(i int) payload { return payload{Text: strings.Repeat("x", 1000+i%7)} },
		"bytes": func(int) payload { return payload{Bytes: make([]byte, 10_000)} },
		"map":   func(i int) payload { return payload{Map: map[string]int{fmt.Sprint(i): 1, "b": 2, "c": 3}} },
	}
	task := saferunner.Define("memory.task", func(context.Context, payload) error { return nil })
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			before := heap()
			j := saferunner.NewMemoryJournal(1<<30, bound)
			r := quiet(t, saferunner.WithJournal(j))
			for i := range 20_000 {
				if _, err := r.Run(t.Context(), "memory", task.With(shape(i))); err != nil {
					t.Fatal(err)
				}
			}
			page, err := j.Query(t.Context(), journal.Query{})
			if err != nil || page.Dropped == 0 {
				t.Fatalf("nothing was dropped: the test fills too little (%v)", err)
			}
			if used := int64(heap()) - int64(before); used > bound*3/2 {
				t.Errorf("the journal keeps %d KiB alive, its bound is %d KiB", used>>10, bound>>10)
			}
			runtime.KeepAlive(j)
		})
	}
}

// Arguments that need no copying take memory too.
func TestMemoryJournalCountsPlainArguments(t *testing.T) {
	const bound = 1 << 20
	text := saferunner.Define("memory.text", func(context.Context, string) error { return nil })
	numbers := saferunner.Define("memory.numbers", func(context.Context, [1000]int64) error { return nil })
	for name, call := range map[string]func() saferunner.Call{
		"text":    func() saferunner.Call { return text.With(strings.Repeat("x", 8000)) },
		"numbers": func() saferunner.Call { return numbers.With([1000]int64{}) },
	} {
		j := saferunner.NewMemoryJournal(1<<30, bound)
		r := quiet(t, saferunner.WithJournal(j))
		for range 200 {
			if _, err := r.Run(t.Context(), "memory", call()); err != nil {
				t.Fatal(err)
			}
		}
		page, err := j.Query(t.Context(), journal.Query{Limit: journal.MaxPage})
		if err != nil || len(page.Entries)*8000 > bound || len(page.Entries) < 100 {
			t.Errorf("%s: %d entries of 8000 bytes are kept in %d, %v", name, len(page.Entries), bound, err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestCallsIsBounded(t *testing.T) {
	rec, e := forced(t), newEffects()
	for i := range journal.MaxPage + 5 {
		if _, err := saferunner.Run(rec.Context(), "long", e.note.With(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	entries := rec.Calls("long")
	if len(entries) != journal.MaxPage || string(entries[0].Args) != `"5"` {
		t.Errorf("%d entries from %s", len(entries), entries[0].Args)
	}
}

func TestPruneKeepsWhatHoldsAKey(t *testing.T) {
	j := saferunner.NewMemoryJournal(100, 1<<30)
	r, e := quiet(t, saferunner.WithJournal(j)), newEffects()
	if _, err := r.Run(t.Context(), "prune", e.double.With(4).Key("k"), e.note.With("plain")); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Prune(t.Context(), time.Now().Add(time.Second)); n != 2 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
	report, err := r.Run(t.Context(), "prune", e.double.With(4).Key("k"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := e.double.Result(report); out != 8 || err != nil {
		t.Errorf("got %d, %v", out, err)
	}
}

// What calls return, fail with and are answered with counts like what they
// were called with.
func TestMemoryJournalCountsWhatBecomesOfCalls(t *testing.T) {
	const size, bound = 100 << 10, 4 << 20
	text := strings.Repeat("x", size)
	answer := saferunner.DefineResult("large.answer", func(_ context.Context, fails bool) (string, error) {
		if fails {
			return "", errors.New(strings.Clone(text))
		}
		return strings.Clone(text), nil
	}, saferunner.Attempts(3), saferunner.Backoff(1, 1))
	recorded := answer.WhenRecorded(func(bool) (string, error) { return strings.Clone(text), nil })
	refused := answer.WhenRecorded(func(bool) (string, error) { return "", errors.New(strings.Clone(text)) })
	for name, tt := range map[string]struct {
		call     saferunner.Call
		recorded bool
		each     int
	}{
		"results":                {call: answer.With(false), each: size},
		"results of async calls": {call: answer.With(false).Async(), each: size},
		"errors":                 {call: answer.With(true).BestEffort(), each: size},
		"retries":                {call: answer.With(true).Async(), each: size}, // the texts of the earlier ones are too long to be kept
		"WhenRecorded":           {call: recorded.With(false), recorded: true, each: size},
		"WhenRecorded fails":     {call: refused.With(false).BestEffort(), recorded: true, each: size},
	} {
		t.Run(name, func(t *testing.T) {
			j := saferunner.NewMemoryJournal(1<<20, bound)
			r := quiet(t, saferunner.WithJournal(j))
			if tt.recorded {
				r = newRunner(t, saferunner.WithJournal(j))
			}
			for range 200 {
				report, err := r.Run(t.Context(), "large", tt.call)
				if err != nil {
					t.Fatal(err)
				}
				_ = report.Wait(t.Context()) // some fail
			}
			page, err := j.Query(t.Context(), journal.Query{Limit: journal.MaxPage})
			if err != nil || len(page.Entries) > bound/tt.each+1 || len(page.Entries) < bound/tt.each/2 {
				t.Errorf("%d entries of %d bytes each in a journal of %d bytes, %v", len(page.Entries), tt.each, bound, err)
			}
		})
	}
}

// looks is arguments and a result whose marshaller looks into the journal.
type looks struct {
	N  int
	at *saferunner.Runner
}

func (l looks) MarshalJSON() ([]byte, error) {
	if l.at != nil {
		if _, err := l.at.Journal().Query(context.Background(), journal.Query{Task: "other.task"}); err != nil {
			return nil, err
		}
	}
	return []byte(strconv.Itoa(l.N)), nil
}

func (l *looks) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &l.N) }

// The journal calls no code of a user's while it holds its lock: that code may
// need the journal, or a lock that another caller of Run holds.
func TestMarshallersMayLookIntoTheMemoryJournal(t *testing.T) {
	j := saferunner.NewMemoryJournal(2, 1<<30)
	r := quiet(t, saferunner.WithJournal(j))
	task := saferunner.DefineResult("looks.task", func(_ context.Context, l looks) (looks, error) { return l, nil })
	for i := range 10 {
		if _, err := r.Run(t.Context(), "looks", task.With(looks{i, r}).Key(strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	page, err := j.Query(t.Context(), journal.Query{OldestFirst: true})
	if err != nil || len(page.Entries) != 10 {
		t.Fatalf("%d entries, %v", len(page.Entries), err)
	}
	for i, e := range page.Entries {
		if string(e.Result) != strconv.Itoa(i) {
			t.Errorf("call %d has the result %s", i, e.Result)
		}
	}
	if n, err := j.Prune(t.Context(), time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Errorf("%d were pruned, %v", n, err)
	}
}

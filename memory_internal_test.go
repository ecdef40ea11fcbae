package saferunner

import (
	"context"
	"fmt"
	"testing"
)

// However calls come, change, are dropped and forgotten, what the journal
// counts is what it holds.
func TestMemoryJournalCountsWhatItHolds(t *testing.T) {
	j := newMemoryJournal(7, 1<<20)
	r := &Runner{journal: j, memory: j, rules: &rules{}}
	r.rules.ForceAll()
	grow := DefineResult("grow.task", func(_ context.Context, n int) ([]byte, error) {
		if n%3 == 0 {
			return nil, fmt.Errorf("failure %d", n)
		}
		return make([]byte, n), nil
	})
	for round := range 50 {
		var calls []Call
		for i := range round % 12 {
			call := grow.With(100 * i).BestEffort()
			if i%4 == 1 {
				call = call.Async()
			}
			if i%5 == 2 {
				call = call.Key(fmt.Sprint(round, i))
			}
			calls = append(calls, call)
		}
		report, err := r.Run(t.Context(), "rounds", calls...)
		if err != nil {
			t.Fatal(err)
		}
		if round%6 == 5 {
			if err := j.Write(t.Context(), journal.Forget(report.Outcomes[0].EntryID)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	held, bytes := 0, int64(0)
	for _, rec := range j.records {
		if rec != nil {
			held++
			bytes += rec.counted()
		}
	}
	if held != j.held || bytes != j.bytes {
		t.Errorf("holds %d records of %d bytes, counts %d of %d", held, bytes, j.held, j.bytes)
	}
	if n := held - len(j.keys); n > j.maxEntries {
		t.Errorf("%d entries without a key, the bound is %d", n, j.maxEntries)
	}
}

package saferunner

import (
	"context"
	"testing"
	"time"
)

// A list is noted once as one that no test owns, whatever else is run between
// its calls.
func TestUnownedListsAreNotedOnce(t *testing.T) {
	answer := DefineResult("answered.task", func(context.Context, int) (int, error) { return 0, nil })
	other := Define("other.task", func(context.Context, int) error { return nil })
	nested := answer.WhenRecorded(func(n int) (int, error) {
		return n, other.Do(context.Background(), "between", n)
	})
	mark := unowned.mark()
	if _, err := Run(t.Context(), "list", nested.With(1), nested.With(2), nested.With(3)); err != nil {
		t.Fatal(err)
	}
	if got := unowned.since(mark); got.Count != 6 || len(got.Calls) != 6 {
		t.Errorf("%d calls, %d of them kept; want 6", got.Count, len(got.Calls))
	}
	if err := Clear(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnownedCallsBeyondTheBoundAreCounted(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	task := DefineResult("some.task", func(context.Context, int) (int, error) { return 0, nil })
	answered := task.WhenRecorded(func(n int) (int, error) { return n, nil })
	before := unowned.since(0).Count
	const lists = maxUnowned + 10
	for range lists {
		if _, err := r.Run(t.Context(), "many", answered.With(1), task.With(2), answered.With(3)); err != nil {
			t.Fatal(err)
		}
	}
	if got := unowned.since(0).Count - before; got != 3*lists {
		t.Errorf("%d calls are counted, want %d", got, 3*lists)
	}
	if err := r.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := unowned.since(0).Count; got != before {
		t.Errorf("after Clear %d calls are counted, before there were %d", got, before)
	}
}

// Calls that their journal has dropped since are counted.
func TestUnownedCallsThatWereDropped(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	task := Define("dropped.task", func(context.Context, string) error { return nil })
	mark := unowned.mark()
	if _, err := r.Run(t.Context(), "dropped", task.With("a"), task.With("b").Key("k")); err != nil {
		t.Fatal(err)
	}
	if n, err := r.memory.Prune(t.Context(), time.Now().Add(time.Hour)); n != 2 || err != nil {
		t.Fatalf("%d were pruned, %v", n, err)
	}
	if got := unowned.since(mark); got.Count != 2 || len(got.Calls) != 0 {
		t.Errorf("%d calls, %d of them kept; want 2 and none", got.Count, len(got.Calls))
	}
	if err := r.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
}

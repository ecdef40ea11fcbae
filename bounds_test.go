package saferunner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

// Keyed calls do not drive others out of the journal, and keep their keys
// when they are driven out themselves.
func TestKeyedCallsLeaveRoom(t *testing.T) {
	r := quiet(t)
	large := saferunner.Define("large.task", func(context.Context, []byte) error { return nil })
	for i := range 700 {
		if _, err := r.Run(t.Context(), "keyed", large.With(make([]byte, 100<<10)).Key(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	e := newEffects()
	for range 5 {
		if _, err := r.Run(t.Context(), "plain", e.note.With("x")); err != nil {
			t.Fatal(err)
		}
	}
	if plain, err := r.Calls(t.Context(), "plain"); err != nil || len(plain) != 5 {
		t.Errorf("%d of 5 plain calls are in the journal, %v", len(plain), err)
	}
	for _, i := range []int{0, 350, 699} {
		report, err := r.Run(t.Context(), "again", large.With(nil).Key(fmt.Sprint(i)))
		if err != nil || statuses(report) != "duplicate" {
			t.Errorf("key %d: %s, %v", i, statuses(report), err)
		}
	}
}

// Whatever is run, the default journal stays within its bounds once the next
// run has come.
func TestMemoryStaysBounded(t *testing.T) {
	r := quiet(t, saferunner.Concurrency(8))
	text := strings.Repeat("x", 10<<10)
	answer := saferunner.DefineResult("large.answer", func(_ context.Context, n int) (string, error) {
		if n%2 == 0 {
			return "", errors.New(strings.Clone(text))
		}
		return strings.Clone(text), nil
	})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	calls := make([]saferunner.Call, 0, 25_000)
	for i := range cap(calls) {
		calls = append(calls, answer.With(i).Async())
	}
	report, err := r.Run(t.Context(), "many", calls...)
	if err != nil {
		t.Fatal(err)
	}
	_ = report.Wait(t.Context()) // half of them fail
	report, calls = nil, nil
	e := newEffects()
	for range 3 {
		if _, err := r.Run(t.Context(), "small", e.note.With("x")); err != nil {
			t.Fatal(err)
		}
	}
	page, err := r.Journal().Query(t.Context(), journal.Query{})
	if err != nil || len(page.Entries) != 3 || page.Dropped != 25_000 {
		t.Errorf("%d entries, %d dropped, %v", len(page.Entries), page.Dropped, err)
	}
	if grown := int64(heap()) - int64(before); grown > saferunner.MemoryBytes {
		t.Errorf("%d MiB are held", grown>>20)
	}
	_ = report
	_ = calls
	runtime.KeepAlive(r)
}

// A call keeps its place until it has ended, whether it waits for a time, for
// its next attempt or for a worker. Those that may not wait for one are told.
func TestPlacesAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := quiet(t, saferunner.Concurrency(4))
		fails := saferunner.Define("fails.task", func(context.Context, int) error { return errBroken },
			saferunner.Attempts(50), saferunner.Backoff(time.Hour, time.Hour))
		e := newEffects()
		var inside error
		nested := saferunner.Define("nested.task", func(ctx context.Context, _ int) error {
			_, inside = r.Run(ctx, "inside", fails.With(1).Async(), fails.With(2).Async())
			return nil
		})
		calls := make([]saferunner.Call, saferunner.InProcessCalls-1)
		for i := range calls {
			calls[i] = fails.With(i).Async()
		}
		if _, err := r.Run(t.Context(), "full", calls...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // all have failed once, and wait for an hour
		if _, err := r.Run(t.Context(), "last", nested.With(1).Async()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if !errors.Is(inside, engine.ErrFull) {
			t.Errorf("inside a task: %v", inside)
		}
		if _, err := r.Run(t.Context(), "later", e.note.With("x").After(time.Second), e.note.With("y").After(time.Second)); !errors.Is(err, engine.ErrFull) {
			t.Errorf("with After: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := r.Run(ctx, "due", e.note.With("x").Async(), e.note.With("y").Async()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("due: %v", err)
		}
		_ = r.Shutdown(t.Context()) // it says what was cancelled
	})
}

func TestLaterHasAFloor(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		n := 0
		spins := saferunner.Define("spins.task", func(context.Context, int) error {
			if n++; n < 11 {
				return saferunner.Later(0)
			}
			return nil
		})
		start := time.Now()
		if _, err := saferunner.Run(rec.Context(), "spins", spins.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		if err := rec.Wait(); err != nil || time.Since(start) < time.Second {
			t.Errorf("11 attempts took %s, %v", time.Since(start), err)
		}
	})
}

// What forced async calls have failed with is returned, once.
func TestWaitOfARecorderReturnsFailures(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		if _, err := saferunner.Run(rec.Context(), "fails", e.fail.With("a").Async(), e.note.With("b").Async(), e.fail.With("c").After(time.Hour)); err != nil {
			t.Fatal(err)
		}
		err := rec.Wait()
		if !errors.Is(err, errBroken) || strings.Count(err.Error(), "effects.fail") != 2 {
			t.Errorf("got %v", err)
		}
		if err := rec.Wait(); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

func heapBytes() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A list of which one call waits for its time keeps what the others have
// returned no longer than the journal does, unless its Report is kept.
func TestMemoryStaysBoundedWhileCallsWait(t *testing.T) {
	const size, runs, bound = 1 << 20, 100, 8 << 20
	answer := saferunner.DefineResult("large.result", func(context.Context, int) ([]byte, error) { return make([]byte, size), nil })
	fails := saferunner.Define("large.error", func(context.Context, int) error { return errors.New(strings.Repeat("x", size)) })
	later := newEffects().note
	for name, call := range map[string]saferunner.Call{
		"results": answer.With(1), "results of async calls": answer.With(1).Async(),
		"errors": fails.With(1).BestEffort(), "errors of async calls": fails.With(1).Async(),
	} {
		t.Run(name, func(t *testing.T) {
			r := quiet(t, saferunner.WithJournal(saferunner.NewMemoryJournal(1000, bound)))
			before := heapBytes()
			var last *saferunner.Report
			for range runs {
				report, err := r.Run(t.Context(), "waits", call, later.With("x").After(time.Hour))
				if err != nil {
					t.Fatal(err)
				}
				for !report.Outcomes()[0].Status.Final() {
					runtime.Gosched()
				}
				last = report
			}
			if grown := heapBytes() - before; grown > 3*bound {
				t.Errorf("%d MiB are held", grown>>20)
			}
			if o := last.Outcomes()[0]; o.Result == nil && o.Err == nil {
				t.Errorf("the last Report has lost its outcome: %+v", o)
			}
			if err := r.Shutdown(t.Context()); err == nil {
				t.Error("no call was cancelled")
			}
		})
	}
}

// shared is a service that is passed by its address, and shown as a large text.
type shared struct {
	closed chan int
	size   int
}

func (s *shared) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Repeat("x", s.size)) }

// What is rendered at once, because it shares data with what was passed,
// counts with its text.
func TestMemoryJournalCountsWhatItRenders(t *testing.T) {
	const size, bound = 100 << 10, 1 << 20
	service := &shared{make(chan int), size}
	type holds struct{ Service *shared }
	takes := saferunner.Define("shared.takes", func(context.Context, holds) error { return nil })
	returns := saferunner.DefineResult("shared.returns", func(context.Context, int) (*shared, error) { return service, nil })
	for name, call := range map[string]saferunner.Call{"arguments": takes.With(holds{service}), "results": returns.With(1)} {
		t.Run(name, func(t *testing.T) {
			j := saferunner.NewMemoryJournal(1000, bound)
			r := quiet(t, saferunner.WithJournal(j))
			if name == "arguments" { // the rules of a test make them show what they are later
				r = newRunner(t, saferunner.WithJournal(j))
			}
			for range 50 {
				if _, err := r.Run(t.Context(), "shared", call); err != nil {
					t.Fatal(err)
				}
			}
			page, err := j.Query(t.Context(), journal.Query{})
			if n := len(page.Entries); err != nil || n > bound/size || n < bound/size/2 {
				t.Errorf("%d entries of %d bytes in a journal of %d bytes, %v", n, size, bound, err)
			}
		})
	}
}

// Of a call with many attempts the last ones are kept.
func TestEarlierAttemptsAreBounded(t *testing.T) {
	for name, tt := range map[string]struct{ text, kept int }{"many": {10, 101}, "long": {10 << 10, 7}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := quiet(t)
				fails := saferunner.Define("often.fails", func(context.Context, int) error { return errors.New(strings.Repeat("x", tt.text)) },
					saferunner.Attempts(300), saferunner.Backoff(time.Millisecond, time.Millisecond))
				report, err := r.Run(t.Context(), "often", fails.With(1).Async())
				if err != nil {
					t.Fatal(err)
				}
				var failed *saferunner.CallError
				if err := report.Wait(t.Context()); !errors.As(err, &failed) || failed.Attempt != 300 {
					t.Errorf("Wait: %.200v", err)
				}
				entries, err := r.Calls(t.Context(), "often")
				if err != nil || len(entries) != 1 || len(entries[0].Attempts) != tt.kept {
					t.Fatalf("%d entries, with %d attempts, want %d; %v", len(entries), len(entries[0].Attempts), tt.kept, err)
				}
			})
		})
	}
}

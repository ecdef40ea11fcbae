package saferunnertest_test

import (
	"context"
	"sync"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// What was cleared is not performed, whatever of its list is left.
func TestPerformAllAfterClear(t *testing.T) {
	var performed []string
	note := saferunner.Define("clear.note", func(_ context.Context, s string) error { performed = append(performed, s); return nil })
	release := make(chan struct{})
	slow := saferunner.Define("clear.slow", func(context.Context, string) error { <-release; return nil })
	done := saferunner.Define("clear.done", func(context.Context, string) error { return nil })
	for name, clear := range map[string]func(*saferunnertest.Recorder) error{
		"Clear of the package":    func(rec *saferunnertest.Recorder) error { return saferunner.Clear(rec.Context()) },
		"Clear of the recorder":   func(rec *saferunnertest.Recorder) error { rec.Clear(); return nil },
		"Clear of what goes on":   func(rec *saferunnertest.Recorder) error { rec.Clear(); close(release); return rec.Wait() },
		"Clear and something new": func(rec *saferunnertest.Recorder) error { rec.Clear(); return note.Do(rec.Context(), "new", "new") },
	} {
		t.Run(name, func(t *testing.T) {
			performed = nil
			rec := saferunnertest.New(t)
			rec.Force(slow, done)
			calls := []saferunner.Call{note.With("a"), done.With("x"), note.With("b").Key("k")}
			if name == "Clear of what goes on" {
				calls = append(calls, slow.With("c").Async())
			}
			if _, err := saferunner.Run(rec.Context(), "list", calls...); err != nil {
				t.Fatal(err)
			}
			if err := clear(rec); err != nil {
				t.Fatal(err)
			}
			if err := rec.PerformAll(); err != nil {
				t.Error(err)
			}
			if name == "Clear and something new" {
				performed = performed[1:]
			}
			if len(performed) != 0 {
				t.Errorf("performed %q", performed)
			}
		})
	}
}

// Calls are looked at and performed while they are recorded and cleared.
func TestClearHasNoRaces(t *testing.T) {
	rec := saferunnertest.New(t)
	note := saferunner.Define("clear.race", func(context.Context, string) error { return nil })
	forced := saferunner.Define("clear.forced", func(context.Context, string) error { return nil })
	rec.Force(forced)
	var recording, looking sync.WaitGroup
	for range 2 {
		recording.Go(func() {
			for range 500 {
				_, err := saferunner.Run(rec.Context(), "x", note.With("a"), note.With("b").Key("k"), forced.With("c"), forced.With("d").Async())
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	for _, look := range []func(){
		func() { saferunnertest.Args(rec, "x", note) },
		func() { rec.All() },
		func() { _ = rec.PerformAll() },
		func() { rec.Clear() },
		func() { _ = saferunner.Clear(rec.Context()) },
	} {
		looking.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					look()
				}
			}
		})
	}
	recording.Wait()
	close(ended)
	looking.Wait()
}

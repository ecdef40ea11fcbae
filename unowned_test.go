package saferunner_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

const childVariable = "SAFERUNNER_TEST_CHILD"

// again runs this test once more, in a process of its own, and returns what it
// prints on stderr.
func again(t *testing.T, child string, flags ...string) string {
	t.Helper()
	command := exec.Command(os.Args[0], append(flags, "-test.run=^"+t.Name()+"$")...)
	command.Env = append(os.Environ(), childVariable+"="+child)
	var stderr strings.Builder
	command.Stderr = &stderr
	if out, err := command.Output(); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return stderr.String()
}

// Without Main the first call that no test owns says that it was recorded, if
// the run is verbose. It says so once.
func TestFirstUnownedCallSaysSo(t *testing.T) {
	e := newEffects()
	run := func(ctx context.Context, runID string) {
		t.Helper()
		if _, err := saferunner.Run(ctx, runID, e.note.With("x"), e.note.With("y").Async()); err != nil {
			t.Error(err)
		}
	}
	switch os.Getenv(childVariable) {
	case "unowned":
		run(context.Background(), "first.unowned")
		run(context.Background(), "second.unowned")
		return
	case "owned":
		run(saferunnertest.New(t).Context(), "owned")
		t.Run("", func(t *testing.T) {
			saferunnertest.New(t, saferunnertest.OwnUnowned())
			run(context.Background(), "adopted")
		})
		return
	case "after the end":
		var ctx context.Context
		t.Run("", func(t *testing.T) { ctx = context.WithoutCancel(saferunnertest.New(t).Context()) })
		run(ctx, "first.unowned")
		return
	}
	const hint = "was recorded, not executed, and no test owns it"
	for _, child := range []string{"unowned", "after the end"} {
		said := again(t, child, "-test.v")
		if strings.Count(said, hint) != 1 || !strings.Contains(said, "unowned_test.go:") || !strings.Contains(said, `"first.unowned"`) {
			t.Errorf("%s, verbose: it says\n%s", child, said)
		}
		if said := again(t, child); said != "" {
			t.Errorf("%s, not verbose: it says\n%s", child, said)
		}
	}
	if said := again(t, "owned", "-test.v"); said != "" {
		t.Errorf("owned, verbose: it says\n%s", said)
	}
}

// Recorders that own unowned calls end in any order. The latest that has not
// ended owns.
func TestOwnUnownedEndsInAnyOrder(t *testing.T) {
	e := newEffects()
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		ends := make([]*ending, 3)
		recs := make([]*saferunnertest.Recorder, 3)
		for i := range recs {
			ends[i] = &ending{TB: t}
			recs[i] = saferunnertest.New(ends[i], saferunnertest.OwnUnowned())
		}
		over := map[int]bool{}
		for _, i := range order {
			ends[i].end()
			over[i] = true
			if _, err := saferunner.Run(context.Background(), "unowned", e.note.With("x")); err != nil {
				t.Fatal(err)
			}
			owner := -1
			for n := range recs {
				if !over[n] {
					owner = n
				}
			}
			for n, rec := range recs {
				want := 0
				if n == owner {
					want = 1
				}
				if got := len(rec.All()); got != want {
					t.Errorf("%v: after the end of %d recorder %d has %d calls, want %d", order, i, n, got, want)
				}
				rec.Clear()
			}
		}
	}
}

// ending is a test that ends when it is told to.
type ending struct {
	testing.TB
	cleanups []func()
}

func (e *ending) Cleanup(fn func())        { e.cleanups = append(e.cleanups, fn) }
func (e *ending) Setenv(_, _ string)       {}
func (e *ending) Context() context.Context { return context.WithoutCancel(e.TB.Context()) }

func (e *ending) end() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}

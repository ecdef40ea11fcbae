package saferunner_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// escaped executes if anything ever gets through.
var escaped = saferunner.Define("escape.task", func(context.Context, string) error {
	panic("a side effect has escaped")
})

// Runs that no test could have prepared for.
var (
	runInVariable, _ = saferunner.Run(context.Background(), "in.variable", escaped.With("x"), escaped.With("y").Async())
	runInInit        *saferunner.Report
	runInTestMain    *saferunner.Report
)

func init() {
	runInInit, _ = saferunner.Run(context.Background(), "in.init", escaped.With("x"), escaped.With("y").Async())
}

func TestNothingEscapesBeforeTheTests(t *testing.T) {
	for name, report := range map[string]*saferunner.Report{"variable": runInVariable, "init": runInInit, "TestMain": runInTestMain} {
		if got := statuses(report); got != "recorded recorded" {
			t.Errorf("a Run in %s: %s", name, got)
		}
	}
}

func TestNothingEscapesAGoroutineWithoutCtx(t *testing.T) {
	rec := saferunnertest.New(t)
	var report *saferunner.Report
	var wg sync.WaitGroup
	wg.Go(func() { report, _ = saferunner.Run(context.Background(), "no.ctx", escaped.With("x")) })
	wg.Wait()
	if got := statuses(report); got != "recorded" {
		t.Errorf("got %s", got)
	}
	rec.AssertNone()
}

func TestNothingEscapesAWorkerOfThePool(t *testing.T) {
	rec := saferunnertest.New(t)
	var withCtx, without *saferunner.Report
	outer := saferunner.Define("escape.outer", func(ctx context.Context, _ int) (err error) {
		withCtx, _ = saferunner.Run(ctx, "inner", escaped.With("x"), escaped.With("y").Async())
		without, err = saferunner.Run(context.Background(), "inner.without", escaped.With("x"))
		return err
	})
	rec.Force(outer)
	if _, err := saferunner.Run(rec.Context(), "outer", outer.With(1).Async()); err != nil {
		t.Fatal(err)
	}
	_ = rec.Wait()
	if statuses(withCtx) != "recorded recorded" || statuses(without) != "recorded" {
		t.Errorf("got %s, %s", statuses(withCtx), statuses(without))
	}
}

func TestForceEndsWithItsTest(t *testing.T) {
	e := newEffects()
	var rec *saferunnertest.Recorder
	t.Run("forces", func(t *testing.T) {
		rec = saferunnertest.New(t)
		rec.ForceAll()
	})
	report, err := saferunner.Run(context.WithoutCancel(rec.Context()), "too.late", e.note.With("x"))
	if err != nil || statuses(report) != "recorded" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	rec.ForceAll()
	if _, err := saferunner.Run(context.WithoutCancel(rec.Context()), "too.late", e.note.With("x")); err != nil {
		t.Error(err)
	}
	if err := rec.PerformAll(); err == nil {
		t.Error("Perform after the end of the test returned no error")
	}
	e.wantDone(t)
}

func TestChildProcess(t *testing.T) {
	if _, err := os.ReadFile("testdata/child/main.go"); err != nil { // so that the test cache sees it
		t.Fatal(err)
	}
	child := filepath.Join(t.TempDir(), "child")
	if runtime.GOOS == "windows" {
		child += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", child, "./testdata/child").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	without := func(name string) []string {
		return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, name+"=") })
	}
	const recorded = "child.announce recorded\nchild.announce recorded\ntest mode: true\n"
	tests := map[string]struct {
		env  []string
		want string
	}{
		"inherits the mode": {os.Environ(), recorded},
		"record":            {append(without("SAFERUNNER_MODE"), "SAFERUNNER_MODE=record"), recorded},
		// The guide says so: who replaces the environment of a child takes the mode out.
		"replaced environment": {without("SAFERUNNER_MODE"), "executed sync\nexecuted async\nchild.announce done\nchild.announce done\n" +
			"test mode: false\nclear: saferunner: Clear: not in test mode, nothing was forgotten\n"},
		"empty mode": {append(without("SAFERUNNER_MODE"), "SAFERUNNER_MODE="),
			"error: saferunner: run \"child.started\": SAFERUNNER_MODE must be live or record, and is \"\"; nothing was executed\ntest mode: true\n" +
				"clear: saferunner: Clear: SAFERUNNER_MODE must be live or record, and is \"\"; nothing was forgotten\n"},
		"forced": {append(os.Environ(), "FORCE_RUN_SIDE_EFFECTS=child.announce"), "executed sync\nexecuted async\n" +
			"child.announce done\nchild.announce done\ntest mode: true\n"},
		"another is forced": {append(os.Environ(), "FORCE_RUN_SIDE_EFFECTS=child.anounce"), recorded},
		"force means nothing live": {append(without("SAFERUNNER_MODE"), "SAFERUNNER_MODE=live", "FORCE_RUN_SIDE_EFFECTS=child.other"),
			"executed sync\nexecuted async\nchild.announce done\nchild.announce done\ntest mode: false\n" +
				"clear: saferunner: Clear: not in test mode, nothing was forgotten\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(child)
			cmd.Env = tt.env
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			if got := sortedHead(string(out)); got != sortedHead(tt.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			switch name {
			case "forced":
				if want := "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: child.announce\n"; stderr.String() != want {
					t.Errorf("stderr has %q, want %q", stderr.String(), want)
				}
			case "another is forced":
				if want := `FORCE_RUN_SIDE_EFFECTS names "child.anounce", but no task has that name`; !strings.Contains(stderr.String(), want) {
					t.Errorf("stderr has %q, want %q in it", stderr.String(), want)
				}
			default:
				if stderr.Len() > 0 {
					t.Errorf("stderr has %q", stderr.String())
				}
			}
		})
	}
}

// sortedHead brings what was executed into one order: async output may come
// at any time.
func sortedHead(out string) string {
	lines := strings.SplitAfter(out, "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		rank := func(s string) int {
			switch {
			case strings.HasPrefix(s, "executed sync"):
				return 0
			case strings.HasPrefix(s, "executed async"):
				return 1
			}
			return 2
		}
		return rank(a) - rank(b)
	})
	return strings.Join(lines, "")
}

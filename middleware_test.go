package saferunner_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var update = flag.Bool("update", false, "write golden files")

// Middleware is around what executes, sync, async and on a durable engine,
// and around nothing else: a program shows it, since in test mode there is
// none.
func TestMiddleware(t *testing.T) {
	program := buildProgram(t, "middleware")
	t.Run("live", func(t *testing.T) {
		command := exec.Command(program)
		command.Env = withoutMode()
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		golden := filepath.Join("testdata", "middleware.golden")
		if *update {
			if err := os.WriteFile(golden, out, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(out) != string(want) {
			t.Errorf("got\n%s\nwant\n%s", out, want)
		}
	})
	t.Run("forced in record mode", func(t *testing.T) {
		command := exec.Command(program, "bare")
		command.Env = append(withoutMode(), "SAFERUNNER_MODE=record", "FORCE_RUN_SIDE_EFFECTS=mail.send")
		out, err := command.Output()
		if want := "<nil> <nil> [other.task] task, task\n"; err != nil || string(out) != want {
			t.Errorf("got %s, %v; want %s", out, err, want)
		}
	})
}

// What a test forces or performs runs bare.
func TestMiddlewareIsNotAroundWhatATestLetsThrough(t *testing.T) {
	e := newEffects()
	around := saferunner.WithMiddleware(func(context.Context, saferunner.CallInfo, func(context.Context) error) error {
		t.Error("a middleware was called")
		return nil
	})
	wrapped := newRunner(t, around)
	rec := saferunnertest.New(t)
	if _, err := wrapped.Run(rec.Context(), "bare", e.note.With("performed"), e.note.With("performed async").Async()); err != nil {
		t.Error(err)
	}
	if err := rec.PerformAll(); err != nil {
		t.Error(err)
	}
	rec.Force(e.note)
	saferunnertest.Stub(rec, e.double, func(int) (int, error) { return 1, nil })
	rec.Fail(e.fail, errBroken)
	if _, err := wrapped.Run(rec.Context(), "bare", e.note.With("forced"), e.double.With(1), e.fail.With("").BestEffort(), e.note.With("forced async").Async()); err != nil {
		t.Error(err)
	}
	if err := rec.Wait(); err != nil {
		t.Error(err)
	}
	forced := quiet(t, around) // its rules force everything
	report, err := forced.Run(t.Context(), "bare", e.note.With("by its rules"), e.note.With("by its rules, async").Async())
	if err != nil || report.Wait(t.Context()) != nil {
		t.Error(err)
	}
	e.wantDone(t, "performed", "performed async", "forced", "forced async", "by its rules", "by its rules, async")
}

// buildProgram builds a program of testdata, with the race detector where the
// test has it.
func buildProgram(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name+suffix())
	args := []string{"build", "-o", program}
	if raceDetector() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "./testdata/"+name)...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

func withoutMode() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
}

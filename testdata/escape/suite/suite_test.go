package suite

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var plain = saferunner.Define("escape.plain", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	return nil
})

// A forced name that one test sets does not let the calls of the next through.
func TestA(t *testing.T) {
	if os.Getenv("ESCAPE") == "setenv" {
		t.Setenv("FORCE_RUN_SIDE_EFFECTS", "escape.plain")
	}
	run(t, context.Background(), "A")
}

func TestB(t *testing.T) {
	run(t, context.Background(), "B")
	rec := saferunnertest.New(t)
	run(t, rec.Context(), "B with a recorder")
}

// RecordOnly is not pierced by what is forced.
func TestDry(t *testing.T) {
	dry, err := saferunner.New(saferunner.RecordOnly())
	if err != nil {
		t.Fatal(err)
	}
	rec := saferunnertest.New(t)
	rec.ForceAll()
	run(t, saferunner.NewContext(rec.Context(), dry), "dry")
	if err := rec.PerformAll(); err == nil {
		t.Error("a dry call was performed")
	}
}

// OwnUnowned does not take what another recorder owns, nor what has reached
// one whose test has ended.
func TestOwners(t *testing.T) {
	var old *saferunnertest.Recorder
	t.Run("ended", func(t *testing.T) {
		old = saferunnertest.New(t)
		old.ForceAll()
	})
	mine := saferunnertest.New(t)
	other := saferunnertest.New(t, saferunnertest.OwnUnowned())
	other.ForceAll()
	for _, r := range []*saferunner.Runner{mine.Runner(), old.Runner()} {
		if _, err := r.Run(context.Background(), "owned", plain.With("owned"), plain.With("owned async").Async()); err != nil {
			t.Error(err)
		}
	}
	run(t, context.WithoutCancel(old.Context()), "ended")
}

// A child inherits the mode with the environment.
func TestChild(t *testing.T) {
	program := os.Getenv("ESCAPE_PROGRAM")
	if program == "" {
		return
	}
	command := exec.Command(program, "run", "do")
	command.Stdout = os.Stdout
	if err := command.Run(); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, ctx context.Context, what string) {
	t.Helper()
	report, err := saferunner.Run(ctx, "run", plain.With(what), plain.With(what+" async").Async())
	if err != nil {
		t.Error(err)
	}
	if err := report.Wait(ctx); err != nil {
		t.Error(err)
	}
}

package saferunner_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// Middleware is around what executes, sync, async and on a durable engine,
// and around nothing else: a program shows it, since in test mode there is
// none.
func TestMiddleware(t *testing.T) {
	program := buildProgram(t, "middleware")
	t.Run("live", func(t *testing.T) { wantGolden(t, "middleware.golden", printed(t, program)) })
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

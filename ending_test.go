package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

type flaky struct {
	failures int32
	at       []time.Time
	task     *saferunner.Task[string]
}

func newFlaky(failures int32, opts ...saferunner.TaskOption) *flaky {
	f := &flaky{failures: failures}
	f.task = saferunner.Define("flaky.task", func(context.Context, string) error {
		f.at = append(f.at, time.Now())
		if len(f.at) <= int(f.failures) {
			return fmt.Errorf("failure %d", len(f.at))
		}
		return nil
	}, opts...)
	return f
}

func TestRetryBacksOff(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		f := newFlaky(3, saferunner.Attempts(5), saferunner.Backoff(time.Second, 3*time.Second))
		start := time.Now()
		report, err := saferunner.Run(rec.Context(), "flaky", f.task.With("x").Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); err != nil {
			t.Fatal(err)
		}
		var after []time.Duration
		for _, at := range f.at {
			after = append(after, at.Sub(start))
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("attempts after %v, want %v", after, want)
		}
		entry := rec.Calls("flaky")[0]
		if entry.Status != journal.StatusDone || len(entry.Attempts) != 4 || entry.Attempts[2].Error != "failure 3" || entry.Attempts[3].Error != "" {
			t.Errorf("journal has %+v", entry)
		}
	})
}

func TestRetryEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed []string
		r := quiet(t, saferunner.OnFailure(func(_ context.Context, e journal.Entry, err error) {
			failed = append(failed, string(e.Status)+": "+err.Error())
		}))
		f := newFlaky(9, saferunner.Attempts(3))
		report, err := r.Run(t.Context(), "flaky", f.task.With("x").Async())
		if err != nil {
			t.Fatal(err)
		}
		err = report.Wait(t.Context())
		call, ok := errors.AsType[*saferunner.CallError](err)
		if !ok || call.Attempt != 3 || call.Err.Error() != "failure 3" {
			t.Errorf("got %v", err)
		}
		if err := r.Shutdown(t.Context()); err != nil { // which waits for OnFailure
			t.Error(err)
		}
		if want := `failed: saferunner: run "flaky", call 1, flaky.task, attempt 3: failure 3`; len(failed) != 1 || failed[0] != want {
			t.Errorf("OnFailure was told %q, want %q", failed, want)
		}
	})
}

func TestNothingIsRetriedByDefault(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		if _, err := saferunner.Run(rec.Context(), "once", e.fail.With("x").Async()); err != nil {
			t.Fatal(err)
		}
		_ = rec.Wait()
		time.Sleep(time.Hour)
		e.wantDone(t, "x")
	})
}

func TestPermanentAndLater(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		start, runs := time.Now(), 0
		task := saferunner.Define("not.now", func(ctx context.Context, _ int) error {
			info, _ := saferunner.Current(ctx)
			switch runs++; runs {
			case 1:
				return saferunner.Later(time.Minute)
			case 2:
				if info.Attempt != 1 || time.Since(start) != time.Minute {
					t.Errorf("attempt %d after %s", info.Attempt, time.Since(start))
				}
				return saferunner.Permanent(errBroken)
			}
			return nil
		}, saferunner.Attempts(9))
		report, err := saferunner.Run(rec.Context(), "not.now", task.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); !errors.Is(err, errBroken) || runs != 2 {
			t.Errorf("got %v after %d runs", err, runs)
		}
	})
}

func TestAsyncPanicAndGoexit(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		e := newEffects()
		exits := saferunner.Define("effects.exit", func(context.Context, int) error { runtime.Goexit(); return nil })
		report, err := saferunner.Run(rec.Context(), "bad",
			e.panics.With("x").Async(), exits.With(1).Async(), e.note.With("fine").Async())
		if err != nil {
			t.Fatal(err)
		}
		err = report.Wait(rec.Context())
		if !errors.Is(err, saferunner.ErrPanic) || !errors.Is(err, saferunner.ErrGoexit) {
			t.Errorf("got %v", err)
		}
		e.wantDone(t, "fine")
	})
}

func TestGoexitIsRetried(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		runs := 0
		task := saferunner.Define("exit.once", func(context.Context, int) error {
			if runs++; runs == 1 {
				runtime.Goexit()
			}
			return nil
		}, saferunner.Attempts(2))
		report, err := saferunner.Run(rec.Context(), "exit", task.With(1).Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(rec.Context()); err != nil || runs != 2 {
			t.Errorf("got %v after %d runs", err, runs)
		}
	})
}

func TestOnFailureMayPanicExitAndRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEffects()
		var n atomic.Int32
		var r *saferunner.Runner
		r = quiet(t, saferunner.Concurrency(1), saferunner.OnFailure(func(ctx context.Context, _ journal.Entry, _ error) {
			switch n.Add(1) {
			case 1:
				panic("in OnFailure")
			case 2:
				runtime.Goexit()
			default:
				if _, err := r.Run(ctx, "alarm", e.note.With("alarm")); err != nil {
					t.Error(err)
				}
			}
		}))
		report, err := r.Run(t.Context(), "fails", e.fail.With("1").Async(), e.fail.With("2").Async(), e.fail.With("3").Async())
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Wait(t.Context()); !errors.Is(err, errBroken) {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		e.wantDone(t, "1", "2", "3", "alarm")
	})
}

type panickingUnwrap struct{}

func (panickingUnwrap) Error() string { return "bad error" }
func (panickingUnwrap) Unwrap() error { panic("in Unwrap") }

func TestErrorWhoseUnwrapPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, rec *saferunnertest.Recorder) {
		task := saferunner.Define("bad.error", func(context.Context, int) error { return panickingUnwrap{} })
		if _, err := saferunner.Run(rec.Context(), "bad", task.With(1).Async()); err != nil {
			t.Fatal(err)
		}
		_ = rec.Wait()
		if entry := rec.Calls("bad")[0]; entry.Status != journal.StatusFailed || entry.ErrorText() != "bad error" {
			t.Errorf("got %+v", entry)
		}
	})
}

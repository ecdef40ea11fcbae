// Package kinds makes calls from whatever a test binary can run: tests of all
// kinds, what is before and after them, and what outlives them.
package kinds

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// A fuzz worker's output is not shown, so what executes is written down too.
var plain = saferunner.Define("escape.plain", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	log, err := os.OpenFile(os.Getenv("ESCAPE_EXECUTED"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintln(log, "executed", what)
	return log.Close()
})

func run(ctx context.Context, what string) {
	report, err := saferunner.Run(ctx, "run", plain.With(what), plain.With(what+" async").Async())
	if err == nil {
		err = report.Wait(ctx)
	}
	if err != nil {
		fmt.Println("executed nothing, but failed:", err)
	}
}

var (
	background = context.Background()
	asked      = saferunner.TestMode()
	kept       saferunner.Call
	lateRunner *saferunner.Runner
)

func TestMain(m *testing.M) {
	run(background, "TestMain before")
	code := m.Run()
	run(background, "TestMain after")
	if lateRunner != nil {
		_, _ = lateRunner.Run(background, "run", plain.With("TestMain on a recorder's runner"))
	}
	os.Exit(code)
}

func TestPlain(*testing.T) { run(background, "test") }

func TestCleanupAfter(t *testing.T) {
	var rec *saferunnertest.Recorder
	t.Cleanup(func() { run(context.WithoutCancel(rec.Context()), "cleanup after the recorder's") })
	rec = saferunnertest.New(t)
	rec.ForceAll()
}

func TestParallelSubtests(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			rec := saferunnertest.New(t)
			run(rec.Context(), "parallel")
			run(background, "parallel without ctx")
		})
	}
	t.Run("forces", func(t *testing.T) {
		t.Parallel()
		rec := saferunnertest.New(t)
		rec.ForceAll() // does not reach its siblings
	})
}

func TestUsesWhatAnotherKept(t *testing.T) {
	t.Run("keeps", func(t *testing.T) {
		rec := saferunnertest.New(t)
		rec.ForceAll()
		kept, lateRunner = plain.With("kept").Key("k"), rec.Runner()
		saferunner.SetDefault(lateRunner)
	})
	_, _ = saferunner.Run(background, "run", kept, kept.Async())
	saferunner.SetDefault(nil)
	_, _ = saferunner.Run(saferunner.NewContext(background, lateRunner), "run", kept, kept.Async())
}

func TestIsOutlived(t *testing.T) {
	var wg sync.WaitGroup
	ended := make(chan bool)
	t.Run("starts a goroutine", func(t *testing.T) {
		rec := saferunnertest.New(t)
		rec.ForceAll()
		ctx := context.WithoutCancel(rec.Context())
		wg.Go(func() { <-ended; run(ctx, "goroutine that outlives its test") })
	})
	time.AfterFunc(0, func() { run(background, "timer"); close(ended) })
	wg.Wait()
}

func TestExits(t *testing.T) {
	exits := saferunner.Define("escape.exits", func(ctx context.Context, _ int) error {
		run(ctx, "in a forced task")
		run(background, "in a forced task without ctx")
		defer run(background, "while a task exits")
		runtime.Goexit()
		return nil
	})
	rec := saferunnertest.New(t)
	rec.Force(exits)
	var wg sync.WaitGroup
	wg.Go(func() { _ = exits.Do(rec.Context(), "run", 1) })
	wg.Wait()
	if _, err := saferunner.Run(rec.Context(), "run", exits.With(1).Async()); err != nil {
		t.Error(err)
	}
	_ = rec.Wait()
	run(rec.Context(), "after a task exited")
}

func TestWithoutEnvironment(t *testing.T) {
	environ := os.Environ()
	os.Clearenv()
	_ = os.Setenv("SAFERUNNER_MODE", "live")
	run(background, "environment cleared")
	rec := saferunnertest.New(t)
	_ = os.Setenv("SAFERUNNER_MODE", "live")
	run(rec.Context(), "environment cleared, with a recorder")
	_ = os.Unsetenv("SAFERUNNER_MODE")
	run(background, "mode unset")
	for _, variable := range environ {
		for i := range variable {
			if variable[i] == '=' && i > 0 {
				_ = os.Setenv(variable[:i], variable[i+1:])
				break
			}
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		run(background, "benchmark")
	}
	rec := saferunnertest.New(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			run(rec.Context(), "benchmark in parallel")
		}
	})
}

func FuzzRun(f *testing.F) {
	f.Add("seed")
	f.Fuzz(func(t *testing.T, what string) {
		run(background, "fuzz")
		rec := saferunnertest.New(t)
		run(rec.Context(), "fuzz "+fmt.Sprintf("%q", what))
	})
}

func Example() {
	run(background, "example")
	fmt.Println(asked, saferunner.TestMode())
	// Output: true true
}

package suite

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var task = saferunner.Define("suite.task", func(_ context.Context, n int) error {
	fmt.Println("executed", n)
	return nil
})

func TestMain(m *testing.M) { saferunnertest.Main(m) }

func TestSuite(t *testing.T) {
	rec := saferunnertest.New(t)
	if err := task.Do(rec.Context(), "mine.run", 1); err != nil {
		t.Fatal(err)
	}
	if err := task.Do(context.Background(), "unowned.run", 2); err != nil {
		t.Fatal(err)
	}
}

// What outlives a test reaches its recorder, which has ended.
func TestOutlived(t *testing.T) {
	var kept context.Context
	var runner *saferunner.Runner
	timer := make(chan struct{})
	var service sync.WaitGroup
	t.Run("first", func(t *testing.T) {
		rec := saferunnertest.New(t)
		rec.ForceAll()
		kept, runner = context.WithoutCancel(rec.Context()), rec.Runner()
		service.Go(func() {
			<-timer
			_, _ = saferunner.Run(kept, "by.service", task.With(3).Async())
		})
	})
	t.Run("second", func(t *testing.T) {
		rec := saferunnertest.New(t)
		if _, err := saferunner.Run(kept, "by.ctx", task.With(4), task.With(5).Key("k")); err != nil {
			t.Error(err)
		}
		saferunner.SetDefault(runner)
		defer saferunner.SetDefault(nil)
		if _, err := saferunner.Run(context.Background(), "by.default", task.With(6)); err != nil {
			t.Error(err)
		}
		done := make(chan struct{})
		time.AfterFunc(1, func() {
			defer close(done)
			_, _ = runner.Run(context.Background(), "by.timer", task.With(7).After(time.Hour))
		})
		<-done
		rec.AssertNone()
	})
	close(timer)
	service.Wait()
}

// What it does with the error hides nothing.
func TestRefused(*testing.T) {
	_, _ = saferunner.Run(context.Background(), "", task.With(8))
}

func TestRefusedAfterTheEnd(t *testing.T) {
	var kept context.Context
	t.Run("first", func(t *testing.T) { kept = context.WithoutCancel(saferunnertest.New(t).Context()) })
	_, _ = saferunner.Run(kept, "refused", task.With(9).Key(""))
}

func TestNoFaultOfTheList(*testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = saferunner.Run(ctx, "refused", task.With(10))
	_ = saferunner.Shutdown(context.Background())
	_, _ = saferunner.Run(context.Background(), "refused", task.With(11))
}

func TestFails(t *testing.T) {
	if err := task.Do(context.Background(), "unowned.run", 12); err != nil {
		t.Fatal(err)
	}
	t.Error("there is no message in the outbox")
}

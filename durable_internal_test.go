package saferunner

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// waiting is an engine whose Start and Stop wait: until they are released, or
// until ctx ends if they heed that.
type waiting struct {
	engine.Engine
	heeds     bool
	release   chan struct{}
	mu        sync.Mutex
	started   int
	stopped   int
	waitsStop bool
}

func (w *waiting) wait(ctx context.Context) error {
	if !w.heeds {
		<-w.release
		return nil
	}
	select {
	case <-w.release:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *waiting) Start(ctx context.Context, _ []engine.TaskSpec, _ engine.Handler) error {
	if err := w.wait(ctx); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started++
	return nil
}

func (w *waiting) Stop(ctx context.Context) error {
	if w.waitsStop {
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped++
	return nil
}

func (w *waiting) begin(ctx context.Context, r *Runner) error {
	return r.external.start(ctx, w, nil, nil, func(context.Context, engine.Delivery) engine.Ending { return engine.Ending{} })
}

// counts returns how often it was started and stopped.
func (w *waiting) counts() (started, stopped int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.started, w.stopped
}

func newWaiting(t *testing.T, heeds bool) (*waiting, *Runner) {
	w := &waiting{heeds: heeds, release: make(chan struct{})}
	r, err := New(WithEngine(w))
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

func eachKindOfEngine(t *testing.T, test func(t *testing.T, heeds bool)) {
	for name, heeds := range map[string]bool{"heeds its ctx": true, "is deaf": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, heeds) })
		})
	}
}

// wantWithin fails if more than d has passed since start.
func wantWithin(t *testing.T, what string, start time.Time, d time.Duration) {
	t.Helper()
	if took := time.Since(start); took > d {
		t.Errorf("%s took %s, want at most %s", what, took, d)
	}
}

// An engine whose Start does not return keeps neither Start, nor a Shutdown
// beside it, beyond its ctx. What starts all the same is stopped.
func TestStartThatHangs(t *testing.T) {
	eachKindOfEngine(t, func(t *testing.T, heeds bool) {
		w, r := newWaiting(t, heeds)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := w.begin(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start returned %v", err)
		}
		wantWithin(t, "Start", start, 1200*time.Millisecond)
		start = time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := r.Shutdown(ctx); heeds && err != nil || !heeds && err == nil {
			t.Errorf("Shutdown returned %v", err)
		}
		wantWithin(t, "Shutdown", start, 2100*time.Millisecond)
		close(w.release)
		synctest.Wait()
		time.Sleep(time.Minute)
		if started, stopped := w.counts(); started != stopped {
			t.Errorf("in the end it was started %d times and stopped %d times", started, stopped)
		}
	})
}

func TestShutdownWhileStartHangs(t *testing.T) {
	eachKindOfEngine(t, func(t *testing.T, heeds bool) {
		w, r := newWaiting(t, heeds)
		var began sync.WaitGroup
		began.Go(func() {
			if err := w.begin(t.Context(), r); !errors.Is(err, ErrShutdown) {
				t.Errorf("Start returned %v, though the runner was shut down meanwhile", err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := r.Shutdown(ctx); heeds && err != nil || !heeds && err == nil {
			t.Errorf("Shutdown returned %v", err)
		}
		wantWithin(t, "Shutdown", start, 2100*time.Millisecond)
		time.AfterFunc(time.Hour, func() { close(w.release) })
		began.Wait()
		wantWithin(t, "Start", start, 2100*time.Millisecond)
		time.Sleep(2 * time.Hour)
		if started, stopped := w.counts(); started != stopped {
			t.Errorf("in the end it was started %d times and stopped %d times", started, stopped)
		}
	})
}

// A patient Shutdown waits for a Start that goes on, and stops what it has
// started.
func TestShutdownStopsWhatIsBeingStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWaiting(t, false)
		var began sync.WaitGroup
		began.Go(func() { _ = w.begin(t.Context(), r) }) // either may come first
		synctest.Wait()
		time.AfterFunc(time.Minute, func() { close(w.release) })
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		began.Wait()
		if started, stopped := w.counts(); started != 1 || stopped != 1 {
			t.Errorf("it was started %d times and stopped %d times", started, stopped)
		}
	})
}

func TestStopThatHangs(t *testing.T) {
	eachKindOfEngine(t, func(t *testing.T, heeds bool) {
		w, r := newWaiting(t, heeds)
		w.waitsStop = true
		start := time.Now()
		go func() { w.release <- struct{}{} }()
		if err := w.begin(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := r.Shutdown(ctx); err == nil {
			t.Error("Shutdown returned no error, though the engine has not stopped")
		}
		wantWithin(t, "Shutdown", start, 2100*time.Millisecond)
		close(w.release)
		err := r.Shutdown(t.Context())
		if _, stopped := w.counts(); err != nil || stopped == 0 {
			t.Errorf("a second Shutdown returned %v, and the engine was stopped %d times", err, stopped)
		}
	})
}

// A Start that failed may be tried again.
func TestStartAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := newWaiting(t, true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.begin(ctx, r); err == nil {
			t.Error("Start returned no error")
		}
		close(w.release)
		if err := w.begin(t.Context(), r); err != nil {
			t.Error(err)
		}
		if err := w.begin(t.Context(), r); err == nil {
			t.Error("a second Start returned no error")
		}
		err := r.Shutdown(t.Context())
		if _, stopped := w.counts(); err != nil || stopped != 1 {
			t.Errorf("got %v, stopped %d times", err, stopped)
		}
	})
}

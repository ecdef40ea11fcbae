package enginetest

import (
	"context"
	"errors"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

func testStop(e *engine) {
	end, ended := make(chan struct{}), make(chan struct{})
	e.start(func(ctx context.Context, _ engine.Delivery) error {
		<-end
		close(ended)
		return ctx.Err()
	}, send)
	e.submit(job(send))
	e.wait(1)
	time.AfterFunc(20*time.Millisecond, func() { close(end) })
	e.stop()
	select {
	case <-ended:
	default:
		e.Error("Stop did not wait for the call that executed")
	}
}

func testImpatientStop(e *engine) {
	cancelled := make(chan error, 1)
	e.start(func(ctx context.Context, _ engine.Delivery) error {
		<-ctx.Done()
		cancelled <- context.Cause(ctx)
		return errors.New("given up")
	}, send)
	e.submit(job(send))
	e.wait(1)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := e.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		e.Errorf("Stop: %v, want that ctx has ended", err)
	}
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	select {
	case cause := <-cancelled:
		if cause == nil {
			e.Error("the handler's ctx has no cause")
		}
	case <-time.After(patience):
		e.Error("the handler's ctx was not cancelled")
	}
}

// testRecordMode gives the engine to a runner, which has to leave it alone:
// this is a test binary.
func testRecordMode(e *engine) {
	task := saferunner.Define(send.Name, func(context.Context, string) error {
		e.Error("executed in record mode")
		return nil
	})
	r, err := saferunner.New(saferunner.WithEngine(e.Engine))
	if err != nil {
		e.Fatal(err)
	}
	ledger, _ := e.Engine.(engine.Ledger)
	if ledger != nil {
		e.submit(job(send)) // it waits in the queue
	}
	if err := r.Start(e.Context(), task); err != nil {
		e.Fatal(err)
	}
	report, err := r.Run(e.Context(), "order.created", task.With("x").Async())
	if err != nil || report.Outcomes[0].Status != journal.StatusRecorded {
		e.Errorf("Run: %v, %+v", err, report.Outcomes)
	}
	if err := report.Wait(e.Context()); err != nil {
		e.Error(err)
	}
	if err := r.Shutdown(e.Context()); err != nil {
		e.Error(err)
	}
	e.start(done, send) // the runner has not begun: it can
	if ledger != nil {
		e.exactly(1)
		return
	}
	e.exactly(0)
}

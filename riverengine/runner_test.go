package riverengine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// task is what a call executes in a test.
type task func(context.Context, engine.Delivery) error

// asRunner is a handler that executes a task and decides what its error
// means, much as a runner does.
func asRunner(do task) engine.Handler {
	return func(ctx context.Context, d engine.Delivery) engine.Ending {
		err := do(ctx, d)
		if err == nil {
			return engine.Ending{Status: journal.StatusDone, Counts: true}
		}
		if wait, ok := errors.AsType[later](err); ok {
			return engine.Ending{Status: journal.StatusQueued, Wait: time.Duration(wait)}
		}
		end := engine.Ending{Status: journal.StatusFailed, Counts: true, Error: err.Error()}
		again := d.Attempt < d.Task.Retry.Attempts()
		_, final := errors.AsType[permanent](err)
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, engine.ErrCancelled):
			end.Status = journal.StatusCancelled
		case final:
		case errors.Is(cause, engine.ErrStopping) && !again:
			end.Status = journal.StatusInterrupted
		case again && errors.Is(cause, engine.ErrStopping):
			end.Status = journal.StatusQueued
		case again:
			end.Status, end.Wait = journal.StatusQueued, d.Task.Retry.Delay(d.Attempt)
		}
		return end
	}
}

// later is the error of a task that asks to come later.
type later time.Duration

func (l later) Error() string { return "not now" }

// permanent is the error of a task that is not to be tried again.
type permanent string

func (p permanent) Error() string { return string(p) }

// withResult is the end of a call that is done.
func withResult(raw string) engine.Ending {
	return engine.Ending{Status: journal.StatusDone, Counts: true, Result: json.RawMessage(raw)}
}

package riverengine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// What a task of these tests can return, beside a plain error and nil.
type (
	permanent struct{ error }              // no further attempt
	later     time.Duration                // not now
	returned  string                       // a result, as JSON
	panicked  struct{ text, stack string } // with the stack of a panic
)

func (l later) Error() string    { return "not now" }
func (r returned) Error() string { return string(r) }
func (p panicked) Error() string { return p.text }

// handling is a handler that says of what task returns what a runner would.
func handling(task func(context.Context, engine.Delivery) error) engine.Handler {
	return func(ctx context.Context, d engine.Delivery) engine.Ending {
		err := task(ctx, d)
		e := engine.Ending{Status: journal.StatusFailed, Counts: true}
		if r, ok := errors.AsType[returned](err); ok {
			e.Result, err = json.RawMessage(r), nil
		}
		if err == nil {
			e.Status = journal.StatusDone
			return e
		}
		e.Error = err.Error()
		if p, ok := errors.AsType[panicked](err); ok {
			e.Stack = p.stack
		}
		_, forGood := errors.AsType[permanent](err)
		pause, isLater := errors.AsType[later](err)
		again, cause := d.Attempt < d.Task.Retry.Attempts(), context.Cause(ctx)
		switch {
		case isLater:
			return engine.Ending{Status: journal.StatusQueued, Wait: time.Duration(pause)}
		case errors.Is(cause, engine.ErrCancelled):
			e.Status = journal.StatusCancelled
		case forGood:
		case errors.Is(cause, engine.ErrStopping) && !again:
			e.Status = journal.StatusInterrupted
		case again:
			e.Status, e.Wait = journal.StatusQueued, d.Task.Retry.Delay(d.Attempt)
		}
		return e
	}
}

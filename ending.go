package saferunner

import (
	"context"
	"errors"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// Permanent returns an error that says that no further attempt would help: a call
// that fails with it is not tried again, whatever its [Attempts]. The error wraps
// err and has its text. Permanent returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// Later returns an error that says that an async call cannot run now: it is tried
// again after d, and this attempt does not count against its [Attempts]. A d of
// less than 100 ms counts as 100 ms. How precisely the time is kept depends on the
// engine. There is no limit to how often a call may return Later. In a sync call
// it is an ordinary failure.
func Later(d time.Duration) error { return &laterError{max(d, minLater)} }

const minLater = 100 * time.Millisecond

type laterError struct{ delay time.Duration }

func (e *laterError) Error() string { return "not now: try again in " + e.delay.String() }

// class is what an error says of further attempts.
type class struct {
	permanent bool
	later     time.Duration // 0: it is not Later
}

// classOf looks at a task's error, whose methods may panic.
func classOf(err error) (c class) {
	if err == nil {
		return class{}
	}
	defer func() {
		if recover() != nil {
			c = class{}
		}
	}()
	if later, ok := errors.AsType[*laterError](err); ok {
		return class{later: later.delay}
	}
	_, permanent := errors.AsType[*permanentError](err)
	return class{permanent: permanent}
}

// ending says what the end of an attempt means for its call. Nothing else
// decides that, whatever the engine; for an attempt whose process died,
// engine.Lost does.
func (a *attempt) ending(ctx context.Context, o *outcome) engine.Ending {
	if o.err == nil {
		return engine.Ending{Status: journal.StatusDone, Counts: true}
	}
	e := engine.Ending{Status: journal.StatusFailed, Counts: true, Error: record.ErrorText(o.err), Stack: o.stack}
	if !a.ctx.run.Calls[int(a.ctx.call)].Options.IsAsync() {
		return e
	}
	again := int(a.ctx.attempt) < a.spec.Retry.Attempts()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, engine.ErrCancelled):
		e.Status = journal.StatusCancelled
	case o.class.later > 0:
		e.Status, e.Counts, e.Wait = journal.StatusQueued, false, o.class.later
	case o.class.permanent:
	case errors.Is(cause, engine.ErrStopping) && !again:
		e.Status = journal.StatusInterrupted
	case again:
		e.Status = journal.StatusQueued
		if !errors.Is(cause, engine.ErrStopping) {
			e.Wait = a.spec.Retry.Delay(int(a.ctx.attempt))
		}
	}
	return e
}

// failedUnbegun is the ending of a call that failed and was not begun.
func failedUnbegun(cause error, stack string) engine.Ending {
	return engine.Ending{Status: journal.StatusFailed, Error: record.ErrorText(cause), Stack: stack}
}

package riverengine

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
)

// attemptContext returns the ctx that the handler gets for an attempt which
// may take this long. It ends with River's ctx, and for a cause that a handler
// knows.
func attemptContext(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	attempt, end := context.WithCancelCause(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() { end(causeOf(ctx)) })
	limited, release := context.WithTimeout(attempt, limit)
	return limited, func() {
		forget()
		release()
		end(nil)
	}
}

// causeOf says why River's ctx has ended, in the words of package engine.
func causeOf(ctx context.Context) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, rivertype.ErrJobCancelledRemotely):
		return engine.ErrCancelled
	case errors.Is(cause, context.DeadlineExceeded):
		return cause
	}
	return engine.ErrStopping
}

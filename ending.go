package saferunner

import (
	"errors"
	"time"
)

// Permanent wraps an error that no further attempt would mend: a call that
// fails with it is not retried. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// Later is the error of a task that cannot run now: it is tried again after
// d, and the attempt does not count. The engine decides how precisely d is
// kept. In a sync call it is an ordinary failure.
func Later(d time.Duration) error { return &laterError{d} }

type laterError struct{ delay time.Duration }

func (e *laterError) Error() string { return "not now: try again in " + e.delay.String() }

// IsPermanent reports whether err, or what it wraps, was made by [Permanent].
func IsPermanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}

// IsLater reports whether err, or what it wraps, was made by [Later], and
// how long to wait.
func IsLater(err error) (time.Duration, bool) {
	later, ok := errors.AsType[*laterError](err)
	if !ok {
		return 0, false
	}
	return later.delay, true
}

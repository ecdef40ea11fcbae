package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Option configures a [Runner]. No option turns test mode off.
type Option func(*Runner) error

// RecordOnly makes the runner record every call, whatever the mode of the
// process; FORCE_RUN_SIDE_EFFECTS does not pierce it. It is how a dry run is
// made.
func RecordOnly() Option {
	return func(r *Runner) error {
		r.recordOnly = true
		return nil
	}
}

// WithJournal makes the runner write into j instead of memory.
func WithJournal(j journal.Journal) Option {
	return func(r *Runner) error {
		if j == nil {
			return errors.New("WithJournal: the journal is nil")
		}
		if isNilPointer(j) {
			return fmt.Errorf("WithJournal: the journal is a nil %T: open one first, and look at its error", j)
		}
		r.journal = j
		return nil
	}
}

// WithLogger makes the runner log to l instead of [slog.Default]: failed
// async calls and failed journal writes, at level Error. Arguments are never
// logged.
func WithLogger(l *slog.Logger) Option {
	return func(r *Runner) error {
		if l == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		r.logger = l
		return nil
	}
}

// OnFailure has fn called for each async call that has failed for good or
// was cancelled, on the goroutine that worked it: with the call's entry and a
// [*CallError]. ctx carries the values of the Run's. fn may be called from
// several goroutines at once.
func OnFailure(fn func(ctx context.Context, e journal.Entry, err error)) Option {
	return func(r *Runner) error {
		if fn == nil {
			return errors.New("OnFailure: the function is nil")
		}
		r.onFailure = fn
		return nil
	}
}

// Concurrency limits how many async calls the in-process engine executes at
// once. Without it there are 64.
func Concurrency(n int) Option {
	return func(r *Runner) error {
		if n < 1 {
			return fmt.Errorf("Concurrency(%d): must be at least 1", n)
		}
		r.concurrency = n
		return nil
	}
}

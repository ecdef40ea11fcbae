package saferunner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Option configures a [Runner]. No option turns test mode off.
type Option func(*Runner) error

// RecordOnly makes the runner record every call, whatever the mode of the
// process and whatever is forced. It is how a dry run is made. A ctx that ever
// got such a runner, with [NewContext], executes nothing either.
func RecordOnly() Option {
	return func(r *Runner) error {
		r.recordOnly = true
		return nil
	}
}

// WithJournal makes the runner write into j instead of memory.
func WithJournal(j journal.Journal) Option {
	return func(r *Runner) error {
		if err := notNil("WithJournal", "journal", j); err != nil {
			return err
		}
		r.journal = j
		return nil
	}
}

// WithEngine makes e execute the runner's async calls, instead of the pool in
// this process. In test mode it is never reached: calls are recorded, and
// those that are let through execute in this process. Where e is an
// [engine.Ledger] its journal is the runner's.
func WithEngine(e engine.Engine) Option {
	return func(r *Runner) error {
		if err := notNil("WithEngine", "engine", e); err != nil {
			return err
		}
		r.external.engine = e
		return nil
	}
}

// notNil refuses nil, and what a failed constructor leaves in an interface.
func notNil(option, what string, v any) error {
	p := reflect.ValueOf(v)
	switch {
	case !p.IsValid():
		return fmt.Errorf("%s: the %s is nil", option, what)
	case p.Kind() == reflect.Pointer && p.IsNil():
		return fmt.Errorf("%s: the %s is a nil %T: make one first, and look at its error", option, what, v)
	}
	return nil
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

// UnknownFields sets how long a call waits for a worker that knows all fields
// of its arguments, as there is one soon while a new version is rolled out:
// from its Run, or from the time of its After or At. Then the call fails, and
// names the field. Without it a call waits for 10 minutes. It matters to
// durable engines only.
func UnknownFields(wait time.Duration) Option {
	return func(r *Runner) error {
		if wait < 0 {
			return fmt.Errorf("UnknownFields(%s): must not be negative", wait)
		}
		r.external.patience = &wait
		return nil
	}
}

// Propagate carries values of the ctx, such as that of a trace, to workers in
// other processes: inject is called by Run, for each batch of async calls,
// and returns what is to travel; extract is called by the worker and returns
// the ctx that the task gets. Both are called from several goroutines at
// once. The in-process engine keeps the values of the ctx without it.
func Propagate(inject func(context.Context) map[string]string, extract func(context.Context, map[string]string) context.Context) Option {
	return func(r *Runner) error {
		if inject == nil || extract == nil {
			return errors.New("Propagate: a function is nil")
		}
		r.external.inject, r.external.extract = inject, extract
		return nil
	}
}

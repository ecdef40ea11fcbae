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

// Option configures a [Runner]. No option turns test mode off. Of an option that
// is given twice, the last one counts; [WithMiddleware] adds up.
type Option func(*Runner) error

// RecordOnly makes the runner record every call and execute none, whatever the
// mode of the process and whatever is forced. Use it for dry runs. It sticks to a
// ctx: under a ctx that ever got such a runner from [NewContext], no runner
// executes a call.
func RecordOnly() Option {
	return func(r *Runner) error {
		r.recordOnly = true
		return nil
	}
}

// WithJournal makes the runner write its calls into j, instead of memory. The
// runner does not close j. New returns an error if j is nil, and if the engine
// keeps another journal itself.
func WithJournal(j journal.Journal) Option {
	return func(r *Runner) error {
		if err := notNil("WithJournal", "journal", j); err != nil {
			return err
		}
		r.journal = j
		return nil
	}
}

// WithEngine makes e execute the async calls of the runner, instead of the pool
// in this process. In test mode e gets no calls: they are recorded, and those that
// are let through execute in this process. If e is an [engine.Ledger], its journal
// is the journal of the runner. New returns an error if e is nil.
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

// WithLogger makes the runner log to l, instead of [slog.Default]. It logs failed
// async calls, failed writes to the journal and panics of [OnFailure]'s function,
// all at level Error. It never logs arguments.
func WithLogger(l *slog.Logger) Option {
	return func(r *Runner) error {
		if l == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		r.logger = l
		return nil
	}
}

// Concurrency limits how many async calls the in-process engine executes at the
// same time. Without it the limit is 64. New returns an error if n is less than 1.
//
// A task that waits for async calls of its own, with [Report.Wait], executes
// meanwhile. If n of them wait at the same time, they wait until their ctx end.
func Concurrency(n int) Option {
	return func(r *Runner) error {
		if n < 1 {
			return fmt.Errorf("Concurrency(%d): must be at least 1", n)
		}
		r.concurrency = n
		return nil
	}
}

// UnknownFields sets how long a call on a durable engine waits for a worker that
// knows all fields of its arguments, as happens while a new version is rolled
// out. The time counts from Run, or from the time of After or At. When it is over
// the call fails, and the error names the field. Without the option a call waits
// for 10 minutes. New returns an error if wait is negative.
func UnknownFields(wait time.Duration) Option {
	return func(r *Runner) error {
		if wait < 0 {
			return fmt.Errorf("UnknownFields(%s): must not be negative", wait)
		}
		r.external.patience = &wait
		return nil
	}
}

// Propagate carries values of the ctx, such as the ID of a trace, to the workers
// of a durable engine. [Run] calls inject for each batch of async calls; what it
// returns travels with them. The worker calls extract, and the task gets the ctx
// that it returns. A panic in either fails the calls. Both are called from several
// goroutines at once. The in-process engine needs no Propagate: it keeps the
// values of the ctx.
func Propagate(inject func(context.Context) map[string]string, extract func(context.Context, map[string]string) context.Context) Option {
	return func(r *Runner) error {
		if inject == nil || extract == nil {
			return errors.New("Propagate: a function is nil")
		}
		r.external.inject, r.external.extract = inject, extract
		return nil
	}
}

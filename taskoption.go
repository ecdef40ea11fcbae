package saferunner

import (
	"errors"
	"fmt"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// TaskOption changes how the calls of a task execute, or what is shown of them.
// The options are [Timeout], [Attempts], [Backoff], [Queue] and [Redact].
// [Define] panics on an option that is given twice, except Redact, and on the
// zero TaskOption.
type TaskOption struct {
	name  string
	apply func(*taskOptions) error
}

type taskOptions struct {
	spec    engine.TaskSpec
	redact  []string
	backoff bool
	given   []string
}

func (o *taskOptions) take(option TaskOption) error {
	if option.apply == nil {
		return errors.New("an option is the zero TaskOption")
	}
	for _, name := range o.given {
		if name == option.name && name != "Redact" {
			return fmt.Errorf("%s is given twice", name)
		}
	}
	o.given = append(o.given, option.name)
	return option.apply(o)
}

// check looks at options together.
func (o *taskOptions) check() error {
	if o.backoff && o.spec.Retry.MaxAttempts == 0 {
		return errors.New("Backoff without Attempts: say with Attempts how often a call may execute")
	}
	return nil
}

// Timeout ends the ctx of each attempt after d. It does not stop a task that
// ignores its ctx. Without Timeout an attempt in this process has no limit; a
// durable engine sets one. Define panics if d is not positive.
func Timeout(d time.Duration) TaskOption {
	return TaskOption{"Timeout", func(o *taskOptions) error {
		if d <= 0 {
			return fmt.Errorf("Timeout(%s): must be positive", d)
		}
		o.spec.Timeout = d
		return nil
	}}
}

// Attempts allows an async call n executions at most, the first included: after
// a failure it is tried again. Without Attempts nothing is tried again, and a
// side effect happens at most once. A sync call is never tried again, since its
// caller has the error. Define panics if n is less than 1.
//
// Of a call that executes in this process the journal keeps the last attempt, and
// before that 100 attempts at most, with 64 KiB of errors and stacks.
func Attempts(n int) TaskOption {
	return TaskOption{"Attempts", func(o *taskOptions) error {
		if n < 1 {
			return fmt.Errorf("Attempts(%d): must be at least 1, the first attempt", n)
		}
		o.spec.Retry.MaxAttempts = n
		return nil
	}}
}

// Backoff sets how long a call waits before its next attempt: initial after the
// first failure, then twice as long after each further one, max at most. Without
// Backoff initial is one second and max one minute. Define panics if initial is
// not positive, if max is less than initial, and if there is no [Attempts].
func Backoff(initial, max time.Duration) TaskOption {
	return TaskOption{"Backoff", func(o *taskOptions) error {
		if initial <= 0 || max < initial {
			return fmt.Errorf("Backoff(%s, %s): the first must be positive, and the second not less", initial, max)
		}
		o.spec.Retry.Initial, o.spec.Retry.Max, o.backoff = initial, max, true
		return nil
	}}
}

// Queue names the queue of a durable engine in which async calls of the task
// wait. The engine in this process has one queue, and ignores the name. Define
// panics on a name that a task could not have.
func Queue(name string) TaskOption {
	return TaskOption{"Queue", func(o *taskOptions) error {
		if err := checkName(name); err != nil {
			return fmt.Errorf("Queue(%q): %w", name, err)
		}
		o.spec.Queue = name
		return nil
	}}
}

// Redact hides fields of arguments and results, as the tag
// `saferunner:"redact"` does, in types that you cannot tag. The fields do not
// reach journals, logs and failure texts; the task gets their values. A path is
// made of Go field names and dots, "Card.Number", and leads through pointers,
// slices, arrays and the values of maps. Everything below the field is hidden.
// Define panics on a path that is neither in the arguments nor in the result.
func Redact(paths ...string) TaskOption {
	return TaskOption{"Redact", func(o *taskOptions) error {
		o.redact = append(o.redact, paths...)
		return nil
	}}
}

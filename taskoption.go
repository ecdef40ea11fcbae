package saferunner

import (
	"errors"
	"fmt"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// TaskOption changes how the calls of a task execute or what is shown of
// them. There are [Timeout], [Attempts], [Backoff], [Queue] and [Redact]. Each
// may be given once, Redact more often.
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

// Timeout limits each attempt: its ctx ends after d. A task that does not
// heed its ctx is not stopped by it. Without Timeout a call may take as long
// as it likes in this process; a durable engine has a limit of its own.
// Define panics if d is not positive.
func Timeout(d time.Duration) TaskOption {
	return TaskOption{"Timeout", func(o *taskOptions) error {
		if d <= 0 {
			return fmt.Errorf("Timeout(%s): must be positive", d)
		}
		o.spec.Timeout = d
		return nil
	}}
}

// Attempts lets an async call of the task execute n times at most, the first
// included, if it fails. Without it nothing is tried again: a side effect
// happens at most once. Sync calls are never tried again: their caller has
// the error in hand. Define panics if n is less than 1.
func Attempts(n int) TaskOption {
	return TaskOption{"Attempts", func(o *taskOptions) error {
		if n < 1 {
			return fmt.Errorf("Attempts(%d): must be at least 1, the first attempt", n)
		}
		o.spec.Retry.MaxAttempts = n
		return nil
	}}
}

// Backoff sets how long a call waits before its next attempt: initial after
// the first failure, twice as long after each further one, at most max.
// Without it initial is a second and max a minute. Define panics if initial
// is not positive, if max is less than initial, and without [Attempts].
func Backoff(initial, max time.Duration) TaskOption {
	return TaskOption{"Backoff", func(o *taskOptions) error {
		if initial <= 0 || max < initial {
			return fmt.Errorf("Backoff(%s, %s): the first must be positive, and the second not less", initial, max)
		}
		o.spec.Retry.Initial, o.spec.Retry.Max, o.backoff = initial, max, true
		return nil
	}}
}

// Queue names the queue of a durable engine that the task's async calls wait
// in. The in-process engine has a single queue and ignores it. Define panics
// on a name that would not do as a task's.
func Queue(name string) TaskOption {
	return TaskOption{"Queue", func(o *taskOptions) error {
		if err := checkName(name); err != nil {
			return fmt.Errorf("Queue(%q): %w", name, err)
		}
		o.spec.Queue = name
		return nil
	}}
}

// Redact keeps fields of the task's arguments and result out of journals,
// logs and pages, as the tag `saferunner:"redact"` does, for types that one
// does not own. A path is made of Go field names with dots, through pointers,
// slices, arrays and map values: "Card.Number". All below it is hidden.
// Define panics on a path that neither the arguments nor the result have.
func Redact(paths ...string) TaskOption {
	return TaskOption{"Redact", func(o *taskOptions) error {
		o.redact = append(o.redact, paths...)
		return nil
	}}
}

package saferunner

import (
	"fmt"
	"time"
)

// TaskOption changes how the calls of a task execute. See [Timeout], [Retry]
// and [Queue].
type TaskOption func(*engine.TaskSpec) error

// Timeout limits each attempt: its ctx ends after d. A task that does not
// heed its ctx is not stopped by it. Without Timeout a call may take as long
// as it likes in this process; a durable engine has a limit of its own.
// Define panics if d is not positive.
func Timeout(d time.Duration) TaskOption {
	return func(s *engine.TaskSpec) error {
		if d <= 0 {
			return fmt.Errorf("Timeout(%s): must be positive", d)
		}
		s.Timeout = d
		return nil
	}
}

// Retry lets async calls of the task be tried again after a failure. Without
// it nothing is retried: a side effect happens at most once. Sync calls are
// never retried: their caller has the error in hand. Define panics if the
// policy has a negative number.
func Retry(p engine.RetryPolicy) TaskOption {
	return func(s *engine.TaskSpec) error {
		if p.MaxAttempts < 0 || p.Initial < 0 || p.Max < 0 {
			return fmt.Errorf("Retry(%+v): no number may be negative", p)
		}
		s.Retry = p
		return nil
	}
}

// Queue names the queue of a durable engine that the task's async calls wait
// in. The in-process engine has a single queue and ignores it. Define panics
// on a name that would not do as a task's.
func Queue(name string) TaskOption {
	return func(s *engine.TaskSpec) error {
		if err := checkName(name); err != nil {
			return fmt.Errorf("Queue(%q): %w", name, err)
		}
		s.Queue = name
		return nil
	}
}


package engine

import "time"

// TaskSpec is what an engine needs to know of a task.
type TaskSpec struct {
	Name    string
	Timeout time.Duration // of one attempt; 0: none
	Retry   RetryPolicy
	Queue   string // empty: the default queue
}

// RetryPolicy says how many attempts an async call has, and how long it waits in
// between. It is data, so that every engine can follow it.
type RetryPolicy struct {
	MaxAttempts int           // the first one included; 0 and 1: a single one
	Initial     time.Duration // wait after the first failure, doubled after each further one; 0: one second
	Max         time.Duration // upper bound of the wait; 0: one minute, or Initial if that is more
}

const (
	defaultInitialDelay = time.Second
	defaultMaxDelay     = time.Minute
)

// Attempts returns how many attempts there are at most. It is at least 1.
func (p RetryPolicy) Attempts() int { return max(p.MaxAttempts, 1) }

// Delay returns how long a call waits after this attempt, counted from 1, has
// failed.
func (p RetryPolicy) Delay(attempt int) time.Duration {
	delay, limit := p.Initial, p.Max
	if delay == 0 {
		delay = defaultInitialDelay
	}
	if limit == 0 {
		limit = max(defaultMaxDelay, delay)
	}
	for ; attempt > 1 && delay < limit; attempt-- {
		delay *= 2
		if delay <= 0 { // overflow
			return limit
		}
	}
	return min(delay, limit)
}

package tasklist

import (
	"context"
	"math"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/engine"
)

// Define makes the task; do is what executes its calls.
func (t Task) Define(do func(context.Context, effect.Step) error) *saferunner.Task[effect.Step] {
	var options []saferunner.TaskOption
	if t.Timeout > 0 {
		options = append(options, saferunner.Timeout(t.Timeout))
	}
	if t.Retry.MaxAttempts > 0 {
		first, last := t.Retry.waits()
		options = append(options, saferunner.Attempts(t.Retry.MaxAttempts), saferunner.Backoff(first, last))
	}
	return saferunner.Define(t.Name, do, options...)
}

// Attempts returns how often a call executes at most, the first time
// included.
func (r Retry) Attempts() int { return engine.RetryPolicy(r).Attempts() }

// waits returns how long the first wait is, and how long the longest.
func (r Retry) waits() (first, last time.Duration) {
	policy := engine.RetryPolicy(r)
	return policy.Delay(1), policy.Delay(math.MaxInt)
}

// Call makes the call that the task stands for; do is what executes it.
func (t Task) Call(do func(context.Context, effect.Step) error) saferunner.Call {
	call := t.Define(do).With(t.Step)
	if t.Async {
		call = call.Async()
	}
	if t.After > 0 {
		call = call.After(t.After)
	}
	if t.Key != "" {
		call = call.Key(t.Key)
	}
	if t.BestEffort {
		call = call.BestEffort()
	}
	return call
}

package tasklist

import (
	"cmp"
	"context"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
)

// Define makes the task; do is what executes its calls.
func (t Task) Define(do func(context.Context, effect.Step) error) *saferunner.Task[effect.Step] {
	var options []saferunner.TaskOption
	if t.Timeout > 0 {
		options = append(options, saferunner.Timeout(t.Timeout))
	}
	if r := t.Retry; r.MaxAttempts > 0 {
		options = append(options, saferunner.Attempts(r.MaxAttempts))
		if r.Initial > 0 || r.Max > 0 {
			initial := cmp.Or(r.Initial, min(time.Second, cmp.Or(r.Max, time.Second)))
			options = append(options, saferunner.Backoff(initial, cmp.Or(r.Max, max(time.Minute, initial))))
		}
	}
	return saferunner.Define(t.Name, do, options...)
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

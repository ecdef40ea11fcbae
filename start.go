package saferunner

import (
	"context"
	"errors"
	"fmt"
)

// Start begins to work the calls of a durable engine: those of these tasks,
// and of no others. It returns once workers run; they go on until [Shutdown],
// also when ctx ends. The tasks are frozen: a second Start is an error, as
// are two tasks of one name ([ErrTaskTwice]). In test mode Start takes no
// job. The in-process engine works without it.
func (r *Runner) Start(ctx context.Context, tasks ...Named) error {
	defs := make(map[string]*definition, len(tasks))
	for _, t := range tasks {
		switch {
		case t == nil || t.definition() == nil:
			return errors.New("saferunner: Start: a task is nil; define it first")
		case defs[t.Name()] != nil:
			return fmt.Errorf("saferunner: Start: %q: %w", t.Name(), ErrTaskTwice)
		}
		defs[t.Name()] = t.definition()
	}
	if r.outside() == nil || r.recordOnly {
		return nil
	}
	if r.life.state.Load() >= draining {
		return fmt.Errorf("saferunner: Start: %w", ErrShutdown)
	}
	return r.external.start(context.WithoutCancel(ctx), defs, r.deliver)
}

// Cancel takes out a call that a durable engine has queued, or cancels the
// ctx of its task if it executes. It returns an error where the call has
// ended, is not known, or the engine cannot cancel.
func (r *Runner) Cancel(ctx context.Context, entryID string) error {
	c, ok := r.outside().(engine.Canceller)
	if !ok {
		return fmt.Errorf("saferunner: cancel %s: this runner's engine cannot cancel", entryID)
	}
	switch found, err := c.Cancel(ctx, entryID); {
	case err != nil:
		return fmt.Errorf("saferunner: cancel %s: %w", entryID, err)
	case !found:
		return fmt.Errorf("saferunner: cancel %s: the engine has no such call, or it has ended", entryID)
	}
	return nil
}

package saferunner

import (
	"context"
	"errors"
	"fmt"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

// Cancel takes out an async call that is queued, or cancels the ctx of its
// task if a durable engine executes it; it then ends as it ends. In test mode
// it takes out a recorded call that waits for its time. It returns [ErrEnded]
// for a call that has ended or is not known, and [ErrNoCancel] for one that
// cannot be cancelled.
func (r *Runner) Cancel(ctx context.Context, entryID string) error {
	if r == nil || r.journal == nil {
		return errNilRunner("Cancel")
	}
	if requestctx.IsNil(ctx) {
		return errors.New("saferunner: Cancel with a nil ctx; nothing was done")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	if err := owner.cancel(ctx, entryID); err != nil {
		return fmt.Errorf("saferunner: cancel %s: %w", entryID, err)
	}
	return nil
}

func (r *Runner) cancel(ctx context.Context, entryID string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.memory != nil && r.durable() == nil {
		return r.cancelInProcess(ctx, entryID)
	}
	c, ok := r.durable().(engine.Canceller)
	if !ok {
		return ErrNoCancel
	}
	found, err := c.Cancel(ctx, entryID)
	if err == nil && !found {
		err = ErrEnded
	}
	return err
}

var errCancelled = errors.New("it was cancelled")

// cancelInProcess cancels a call that this process has run.
func (r *Runner) cancelInProcess(ctx context.Context, entryID string) error {
	run, i, ok := r.memory.Find(entryID)
	if !ok {
		return ErrEnded
	}
	e := engine.Ending{Status: journal.StatusCancelled, Error: record.ErrorText(errCancelled)}
	switch status := run.Status(i); {
	case status == journal.StatusRecorded && !run.Calls[i].Options.NotBefore(run.At).IsZero():
		if run.CancelRecorded(i, e) {
			return nil
		}
	case status == journal.StatusQueued:
		number := run.Attempts(i)
		if run.Cancel(i, e) {
			r.pool().Forget(run, i)
			r.conclude(ctx, run, i, number, outcome{err: errCancelled})
			return nil
		}
	case status == journal.StatusRunning:
		return ErrNoCancel
	}
	return ErrEnded
}

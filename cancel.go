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

// Cancel ends the async call with this entry ID if it is queued: it will not
// execute. If a durable engine executes the call, Cancel cancels the ctx of its
// task with the cause [engine.ErrCancelled]; a call that then fails ends as
// cancelled, and is not tried again. In test mode, with the in-memory journal,
// Cancel ends a recorded call that waits for its time.
//
// It returns [ErrEnded] if the call has ended or is not known, and [ErrNoCancel] if
// the call goes on and cannot be cancelled: it executes in this process, its engine
// cannot cancel, or it is recorded in a journal of another kind. Cancel asks the
// runner in ctx, else its receiver. It is safe for concurrent use.
func (r *Runner) Cancel(ctx context.Context, entryID string) error {
	if !r.made() {
		return errNilRunner("Cancel")
	}
	if requestctx.IsNil(ctx) {
		return errors.New("saferunner: Cancel with a nil ctx; nothing was done")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	if !owner.made() {
		return errNilRunner("Cancel")
	}
	if err := owner.cancel(ctx, entryID); err != nil {
		return fmt.Errorf("saferunner: cancel %s: %w", entryID, err)
	}
	return nil
}

func (r *Runner) cancel(ctx context.Context, entryID string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if e := r.durable(); e != nil {
		return cancelDurable(ctx, e, entryID)
	}
	if p := r.startedPool(); p != nil {
		if values, run, i, ok := p.Find(entryID); ok {
			return r.cancelQueued(ctx, values, run, i)
		}
	}
	return r.cancelRecorded(ctx, entryID)
}

func cancelDurable(ctx context.Context, e engine.Engine, entryID string) error {
	c, ok := e.(engine.Canceller)
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

func cancelled() engine.Ending {
	return engine.Ending{Status: journal.StatusCancelled, Error: record.ErrorText(errCancelled)}
}

// cancelQueued cancels a call that the in-process engine has. values is a ctx
// with the values of its Run's.
func (r *Runner) cancelQueued(ctx, values context.Context, run *record.Run, i int) error {
	number := run.Attempts(i)
	if !run.Cancel(i, cancelled()) {
		if run.Status(i).Final() {
			return ErrEnded
		}
		return ErrNoCancel
	}
	r.pool().Forget(run, i)
	r.write(ctx, run, i, i+1)
	r.conclude(context.WithoutCancel(values), run, i, journal.StatusCancelled, callError(run, i, number, errCancelled, ""))
	return nil
}

// cancelRecorded cancels a recorded call that waits for a time. Only the
// in-memory journal knows whether one does.
func (r *Runner) cancelRecorded(ctx context.Context, entryID string) error {
	if r.memory == nil {
		page, err := r.journal.Query(ctx, journal.Query{ID: entryID})
		switch {
		case err != nil:
			return err
		case len(page.Entries) == 0 || page.Entries[0].Status.Final() && page.Entries[0].Status != journal.StatusRecorded:
			return ErrEnded
		}
		return ErrNoCancel
	}
	run, i, ok := r.memory.Find(entryID)
	if !ok {
		return ErrEnded
	}
	switch status := run.Status(i); {
	case status == journal.StatusRecorded && !run.Calls[i].Options.NotBefore(run.At).IsZero() && run.CancelRecorded(i, cancelled()):
		r.memory.Grew(run)
		return nil
	case !status.Final():
		return ErrNoCancel
	}
	return ErrEnded
}

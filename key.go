package saferunner

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/journal"
)

// claimKey takes the key of call i for it, and returns the entry that holds
// it: its own, if the claim succeeded.
func (r *Runner) claimKey(ctx context.Context, run *record.Run, i int) (holder string, err error) {
	if r.memory != nil {
		return r.memory.ClaimRun(ctx, run, i)
	}
	return withGrace(ctx, func(ctx context.Context) (string, error) {
		return r.journal.Claim(ctx, run.Task(i).Spec.Name, run.Key(i), run.EntryID(i))
	})
}

// claim takes the key of call i. Where another holds it, or it cannot be
// taken, the call is settled and claim returns false.
func (l *list) claim(i int) bool {
	l.show(i) // an earlier call may have given the key back
	l.now = 0
	holder, err := l.runner.claimKey(l.graced(), l.run, i)
	switch {
	case err != nil:
		l.fail(i, fmt.Errorf("not executed, since its key %q could not be claimed: %w", l.run.Key(i), err), "")
		return false
	case holder == l.run.EntryID(i):
		return true
	}
	l.run.Settle(i, journal.StatusDuplicate)
	l.set(i, l.runner.heldResult(l.graced(), holder, l.run, i))
	return false
}

// heldResult is a copy of the result of the call that holds the key of call
// i, if it is known.
func (r *Runner) heldResult(ctx context.Context, holder string, run *record.Run, i int) (o record.Outcome) {
	task := run.Task(i)
	if !task.HasResult {
		return o
	}
	if r.memory != nil {
		if result, ok := r.memory.HeldResult(task.Spec.Name, run.Key(i)); ok {
			return record.Outcome{Result: result, HasResult: true}
		}
	}
	page, err := withGrace(ctx, func(ctx context.Context) (journal.Page, error) {
		return r.journal.Query(ctx, journal.Query{ID: holder})
	})
	if err != nil || len(page.Entries) == 0 || page.Entries[0].Status != journal.StatusDone {
		return o
	}
	result, err := task.ReadResult(page.Entries[0].Result)
	return record.Outcome{Result: result, HasResult: err == nil}
}

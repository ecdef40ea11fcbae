package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Calls returns the newest calls under this run ID, at most [MaxPage],
// oldest first. It asks the journal of the runner in ctx, else of [Default].
func Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	return ownerOf(scopeOf(ctx), nil).calls(ctx, runID)
}

// Calls is the package's Calls for this runner, unless ctx carries another.
func (r *Runner) Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	return ownerOf(scopeOf(ctx), r).calls(ctx, runID)
}

func (r *Runner) calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	if ctx == nil || r.journal == nil {
		return nil, errors.New("saferunner: Calls with a nil ctx, or on a Runner that was not made by New")
	}
	page, err := r.journal.Query(ctx, journal.Query{RunID: runID, Limit: journal.MaxPage})
	if err != nil {
		return nil, fmt.Errorf("saferunner: calls of %q: %w", runID, err)
	}
	slices.Reverse(page.Entries)
	return page.Entries, nil
}

// Clear forgets the calls that were recorded or stubbed. What executed stays.
// Outside test mode it forgets nothing and returns [ErrLive]. It asks the
// journal of the runner in ctx, else of [Default].
func Clear(ctx context.Context) error { return ownerOf(scopeOf(ctx), nil).clear(ctx) }

// Clear is the package's Clear for this runner, unless ctx carries another.
func (r *Runner) Clear(ctx context.Context) error { return ownerOf(scopeOf(ctx), r).clear(ctx) }

func (r *Runner) clear(ctx context.Context) error {
	if ctx == nil || r.journal == nil {
		return errors.New("saferunner: Clear with a nil ctx, or on a Runner that was not made by New")
	}
	if env := process(); env.mode == modeUnknown {
		return fmt.Errorf("saferunner: Clear: %w, and is %q; nothing was forgotten", ErrMode, env.text)
	} else if env.mode == modeLive && r.rules == nil {
		return fmt.Errorf("saferunner: Clear: %w, nothing was forgotten", ErrLive)
	}
	unowned.clear(r)
	if r.memory != nil {
		r.memory.forgetAll(journal.StatusRecorded, journal.StatusStubbed)
		return nil
	}
	q := journal.Query{Statuses: []journal.Status{journal.StatusRecorded, journal.StatusStubbed}, Limit: journal.MaxPage}
	for {
		page, err := r.journal.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("saferunner: Clear: %w", err)
		}
		changes := make([]journal.Change, len(page.Entries))
		for i, e := range page.Entries {
			changes[i] = journal.Forget(e.ID)
		}
		if err := r.journal.Write(ctx, changes...); err != nil {
			return fmt.Errorf("saferunner: Clear: %w", err)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

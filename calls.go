package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

// Calls returns the newest calls under this run ID, at most [journal.MaxPage],
// oldest first. It asks the journal of the runner in ctx, else of [Default].
// An empty run ID is [ErrRunID].
func Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.entries(ctx, runID)
}

// Calls is the package's Calls for this runner, unless ctx carries another.
func (r *Runner) Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	if r == nil {
		return nil, errNilRunner("Calls")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	return owner.entries(ctx, runID)
}

func (r *Runner) entries(ctx context.Context, runID string) ([]journal.Entry, error) {
	if r.journal == nil {
		return nil, errNilRunner("Calls")
	}
	if requestctx.IsNil(ctx) {
		return nil, errors.New("saferunner: Calls with a nil ctx")
	}
	if err := checkText(runID); err != nil {
		return nil, fmt.Errorf("saferunner: Calls: %w: %w", ErrRunID, err)
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
func Clear(ctx context.Context) error {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.clear(ctx)
}

// Clear is the package's Clear for this runner, unless ctx carries another.
func (r *Runner) Clear(ctx context.Context) error {
	if r == nil {
		return errNilRunner("Clear")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	return owner.clear(ctx)
}

func (r *Runner) clear(ctx context.Context) error {
	if r.journal == nil {
		return errNilRunner("Clear")
	}
	if requestctx.IsNil(ctx) {
		return errors.New("saferunner: Clear with a nil ctx; nothing was forgotten")
	}
	switch mode, text := gate.Current(); {
	case mode == gate.Unknown:
		return fmt.Errorf("saferunner: Clear: %w, and is %q; nothing was forgotten", ErrMode, text)
	case mode == gate.Live && r.rules == nil:
		return fmt.Errorf("saferunner: Clear: %w, nothing was forgotten", ErrLive)
	}
	unowned.clear(r)
	if r.memory != nil {
		r.memory.ClearStatuses(journal.StatusRecorded, journal.StatusStubbed)
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

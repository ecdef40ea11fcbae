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

// Calls returns the newest calls under a run ID, [journal.MaxPage] at most, oldest
// first. It reads the journal of the runner in ctx, else of [Default]. It returns
// [ErrRunID] for a run ID that [Run] would reject, and the error of a journal that
// cannot be read.
func Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.entries(ctx, runID)
}

// Calls returns the newest calls under a run ID, as the function [Calls] does. It
// reads the journal of r, unless ctx carries another runner.
func (r *Runner) Calls(ctx context.Context, runID string) ([]journal.Entry, error) {
	if !r.made() {
		return nil, errNilRunner("Calls")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	return owner.entries(ctx, runID)
}

func (r *Runner) entries(ctx context.Context, runID string) ([]journal.Entry, error) {
	if !r.made() {
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

// Clear deletes the calls that were recorded or stubbed from the journal of the
// runner in ctx, else of [Default]. Calls that executed stay. Outside test mode
// Clear deletes nothing and returns [ErrLive].
func Clear(ctx context.Context) error {
	owner, _ := ownerOf(scopeOf(ctx), nil)
	return owner.clear(ctx)
}

// Clear deletes what was recorded or stubbed, as the function [Clear] does, from
// the journal of r, unless ctx carries another runner.
func (r *Runner) Clear(ctx context.Context) error {
	if !r.made() {
		return errNilRunner("Clear")
	}
	owner, _ := ownerOf(scopeOf(ctx), r)
	return owner.clear(ctx)
}

func (r *Runner) clear(ctx context.Context) error {
	if !r.made() {
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

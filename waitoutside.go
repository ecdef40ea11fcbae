package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	firstLook = 2 * time.Millisecond
	maxLook   = 500 * time.Millisecond

	// lookPatience is how long the journal may be away meanwhile.
	lookPatience = 30 * time.Second
)

// waitOutside asks the journal until none of the run's calls goes on, and
// joins the errors of the async ones.
func (r *listRun) waitOutside(ctx context.Context) error {
	seen := time.Now()
	for pause := firstLook; ; pause = min(pause*3/2, maxLook) {
		page, err := r.outside.Query(ctx, Query{Run: r.id(), Statuses: []Status{StatusQueued, StatusRunning}, Limit: 1})
		switch {
		case err == nil && len(page.Entries) == 0:
			return r.failuresOutside(ctx)
		case err == nil:
			seen = time.Now()
		case ctx.Err() == nil && time.Since(seen) >= lookPatience:
			return fmt.Errorf("saferunner: run %q: async calls: the journal could not be read for %s: %w", r.runID, lookPatience, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("saferunner: async calls have not ended: %w", context.Cause(ctx))
		}
	}
}

func (r *listRun) failuresOutside(ctx context.Context) error {
	var errs []error
	missing := make(map[string]bool, len(r.sent))
	for _, id := range r.sent {
		missing[id] = true
	}
	q := Query{Run: r.id(), OldestFirst: true, Limit: MaxPage}
	for {
		page, err := r.outside.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("saferunner: run %q: async calls: %w", r.runID, err)
		}
		for _, e := range page.Entries {
			delete(missing, e.ID)
			switch e.Status {
			case StatusFailed, StatusCancelled, StatusInterrupted:
				if e.Async {
					errs = append(errs, r.failureOf(e))
				}
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			for range missing {
				errs = append(errs, fmt.Errorf("saferunner: run %q: an async call is not in the journal: its transaction has not been committed, or it was pruned", r.runID))
				break
			}
			return errors.Join(errs...)
		}
	}
}

// failureOf makes an error of what the journal knows.
func (r *listRun) failureOf(e Entry) error {
	position := slices.IndexFunc(r.records, func(rec record) bool { return rec.id() == e.ID })
	text := e.Err()
	if text == "" || e.Status != StatusFailed {
		text = string(e.Status) + ": " + text
	}
	err := &CallError{
		RunID: r.runID, Task: e.Task, EntryID: e.ID, Position: position, Attempt: len(e.Attempts), Err: errors.New(text),
	}
	if n := len(e.Attempts); n > 0 {
		err.Stack = e.Attempts[n-1].Stack
	}
	return err
}

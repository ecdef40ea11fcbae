package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	firstLook = 2 * time.Millisecond
	maxLook   = 500 * time.Millisecond

	// lookPatience is how long the journal may be away meanwhile.
	lookPatience = 30 * time.Second

	// lastLook is how long the journal may take to tell what has not ended.
	lastLook = time.Second

	// namedUnended is how many kinds of calls that have not ended are named.
	namedUnended = 3
)

var unended = []journal.Status{journal.StatusQueued, journal.StatusRunning}

// waitOutside asks the journal until none of the run's calls goes on, and
// joins the errors of the async ones.
func (r *listRun) waitOutside(ctx context.Context) error {
	seen := time.Now()
	for pause := firstLook; ; pause = min(pause*3/2, maxLook) {
		page, err := r.outside.Query(ctx, journal.Query{Run: r.id(), Statuses: unended, Limit: 1})
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
			return r.unendedOutside(ctx)
		}
	}
}

// unendedOutside is the error of a wait whose ctx has ended.
func (r *listRun) unendedOutside(ctx context.Context) error {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	page, err := r.outside.Query(look, journal.Query{Run: r.id(), Statuses: unended, OldestFirst: true, Limit: journal.MaxPage})
	switch {
	case err != nil:
		return fmt.Errorf("saferunner: run %q: async calls have not ended: %w; the journal could not be read: %w", r.runID, context.Cause(ctx), err)
	case len(page.Entries) == 0:
		return r.failuresOutside(look)
	}
	return fmt.Errorf("saferunner: run %q: %s: %w", r.runID, describeUnended(page), context.Cause(ctx))
}

// describeUnended says how many calls a page has, and names the first.
func describeUnended(page journal.Page) string {
	var names []string
	begun := false
	for _, e := range page.Entries {
		begun = begun || e.Status != journal.StatusQueued
		if name := e.Task + " " + string(e.Status); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > namedUnended {
		names = append(names[:namedUnended], "…")
	}
	text, hint := fmt.Sprintf("%d async calls have", len(page.Entries)), "; they wait for their time, or for a process that has given their tasks to Start"
	switch {
	case page.Next != "":
		text, hint = "more than "+text, ""
	case len(page.Entries) == 1:
		text, hint = "1 async call has", "; it waits for its time, or for a process that has given its task to Start"
	}
	if begun {
		hint = ""
	}
	return fmt.Sprintf("%s not ended (%s)%s", text, strings.Join(names, ", "), hint)
}

func (r *listRun) failuresOutside(ctx context.Context) error {
	var errs []error
	missing := make(map[string]bool, len(r.sent))
	for _, id := range r.sent {
		missing[id] = true
	}
	q := journal.Query{Run: r.id(), OldestFirst: true, Limit: journal.MaxPage}
	for {
		page, err := r.outside.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("saferunner: run %q: async calls: %w", r.runID, err)
		}
		for _, e := range page.Entries {
			delete(missing, e.ID)
			switch e.Status {
			case journal.StatusFailed, journal.StatusCancelled, journal.StatusInterrupted:
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
func (r *listRun) failureOf(e journal.Entry) error {
	position := slices.IndexFunc(r.records, func(rec record) bool { return rec.id() == e.ID })
	text := e.Err()
	switch {
	case text == "":
		text = string(e.Status)
	case e.Status != journal.StatusFailed:
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

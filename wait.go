package saferunner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

// Wait waits until all async calls of the run have ended for good, on whatever
// engine. It returns their errors, joined; each is a [*CallError]. It returns nil
// at once if nothing async goes on. If ctx ends first, the error wraps its cause.
//
// For calls on a durable engine Wait reads the journal, at growing intervals of
// half a second at most. When ctx ends it reads once more, for a second at most,
// to name what has not ended. It fails if the journal could not be read for 30
// seconds. Of the errors it knows their texts only. A task that waits for the run
// that it is part of waits until ctx ends. Wait is safe for concurrent use.
func (r *Report) Wait(ctx context.Context) error {
	if r == nil || r.kept == nil {
		return nil
	}
	if requestctx.IsNil(ctx) {
		return fmt.Errorf("saferunner: run %q: Wait with a nil ctx; nothing was waited for", r.RunID())
	}
	if r.run.Deferred() {
		return fmt.Errorf("saferunner: run %q: Wait before Commit of its Defer, or before its InTx has committed; nothing was waited for", r.RunID())
	}
	if err := r.run.Wait(ctx); err != nil {
		return fmt.Errorf("saferunner: run %q: async calls have not ended: %w", r.RunID(), err)
	}
	if r.kept.durable != nil {
		return r.waitDurable(ctx)
	}
	return errors.Join(r.run.Errors(&r.kept.waiter)...)
}

// durableCalls are the calls of a run that were handed to a durable engine.
type durableCalls struct {
	journal journal.Journal // that tells of them
	places  []int           // in the list
}

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

// waitDurable asks the journal until none of the run's calls goes on, and
// joins the errors of the async ones.
func (r *Report) waitDurable(ctx context.Context) error {
	seen := time.Now()
	for pause := firstLook; ; pause = min(pause*3/2, maxLook) {
		page, err := r.kept.durable.journal.Query(ctx, journal.Query{Run: r.ID(), Statuses: unended, Limit: 1})
		switch {
		case err == nil && len(page.Entries) == 0:
			return r.learn(ctx)
		case err == nil:
			seen = time.Now()
		case ctx.Err() == nil && time.Since(seen) >= lookPatience:
			return fmt.Errorf("saferunner: run %q: async calls: the journal could not be read for %s: %w", r.RunID(), lookPatience, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return r.waitEnded(ctx)
		}
	}
}

// waitEnded is the error of a wait whose ctx has ended.
func (r *Report) waitEnded(ctx context.Context) error {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	page, err := r.kept.durable.journal.Query(look, journal.Query{Run: r.ID(), Statuses: unended, OldestFirst: true, Limit: journal.MaxPage})
	switch {
	case err != nil:
		return fmt.Errorf("saferunner: run %q: async calls have not ended: %w; the journal could not be read: %w", r.RunID(), context.Cause(ctx), err)
	case len(page.Entries) == 0:
		return r.learn(look)
	}
	return fmt.Errorf("saferunner: run %q: %s: %w", r.RunID(), describeUnended(page), context.Cause(ctx))
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

// learn reads how the calls have ended, and joins their errors.
func (r *Report) learn(ctx context.Context) error {
	var errs []error
	missing := make(map[string]int, len(r.kept.durable.places))
	for _, i := range r.kept.durable.places {
		missing[r.run.EntryID(i)] = i
	}
	q := journal.Query{Run: r.ID(), OldestFirst: true, Limit: journal.MaxPage}
	for {
		page, err := r.kept.durable.journal.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("saferunner: run %q: async calls: %w", r.RunID(), err)
		}
		for _, e := range page.Entries {
			i, sent := missing[e.ID]
			delete(missing, e.ID)
			if !sent {
				continue
			}
			if err := r.learnCall(i, e); err != nil {
				errs = append(errs, err)
			}
		}
		if q.Cursor = page.Next; q.Cursor != "" {
			continue
		}
		if len(missing) > 0 {
			errs = append(errs, fmt.Errorf("saferunner: run %q: %d async calls are not in the journal: their transaction has not been committed, or they were pruned", r.RunID(), len(missing)))
		}
		return errors.Join(errs...)
	}
}

// learnCall notes how one call has ended, and returns its error.
func (r *Report) learnCall(i int, e journal.Entry) error {
	var o record.Outcome
	switch task := r.run.Task(i); e.Status {
	case journal.StatusFailed, journal.StatusCancelled, journal.StatusInterrupted:
		o.Err = r.failureOf(i, e)
	case journal.StatusDone:
		if task.HasResult {
			result, err := task.ReadResult(e.Result)
			o.Result, o.HasResult = result, err == nil // Result says that it is not known
		}
	case journal.StatusDuplicate:
		return nil // Run knows the result, if anybody does
	}
	r.run.Learn(i, e, &r.kept.waiter, o)
	return o.Err
}

// failureOf makes an error of what the journal knows.
func (r *Report) failureOf(i int, e journal.Entry) error {
	text := e.ErrorText()
	switch {
	case text == "":
		text = string(e.Status)
	case e.Status != journal.StatusFailed:
		text = string(e.Status) + ": " + text
	}
	err := callError(r.run, i, len(e.Attempts), errors.New(text), "")
	if n := len(e.Attempts); n > 0 {
		err.Stack = e.Attempts[n-1].Stack
	}
	return err
}

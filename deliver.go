package saferunner

import (
	"context"
	"fmt"
	"strings"
	"time"
)

const (
	unknownFieldPause = 15 * time.Second // between two workers that may know the field
	unknownFieldLimit = 10 * time.Minute
	closedGatePause   = time.Minute
)

// deliver executes one delivery of an engine that is not in this process.
func (r *Runner) deliver(ctx context.Context, d Delivery) error {
	if ctx.Err() != nil {
		return Later(0)
	}
	def := r.external.tasks[d.Task.Name]
	if def == nil || r.decide(d.Task.Name).verdict != executed {
		return Later(closedGatePause)
	}
	w, err := r.newWork(def, d)
	if err != nil {
		return r.unfit(ctx, w, err)
	}
	return r.work(ctx, w)
}

// work is one delivery, as a run of one call.
type work struct {
	Delivery
	run      listRun
	previous []Attempt // before this one, from the journal
	unread   Attempt   // where the arguments could not be read
}

func (r *Runner) newWork(def *definition, d Delivery) (*work, error) {
	w := &work{Delivery: d}
	w.run.ids, w.run.runID, w.run.at = d.Run+d.EntryID, d.RunID, d.At
	w.run.records = []record{{run: &w.run}}
	if len(d.Run) != idLength || len(d.EntryID) != idLength {
		return w, fmt.Errorf("the engine delivered run %q, entry %q, which are no IDs", d.Run, d.EntryID)
	}
	bound, err := def.decode(d.Payload)
	if err != nil {
		return w, err
	}
	w.run.records[0].call = Call{bound, &callOptions{async: true, key: d.Key}}
	return w, nil
}

// unfit says what becomes of a delivery whose arguments this worker cannot
// read: one that has fields which it does not know waits for another worker.
func (r *Runner) unfit(ctx context.Context, w *work, err error) error {
	if strings.Contains(err.Error(), "json: unknown field ") {
		limit := unknownFieldLimit
		if p := r.external.patience; p != nil {
			limit = *p
		}
		due := w.At
		if w.NotBefore.After(due) {
			due = w.NotBefore
		}
		if left := time.Until(due.Add(limit)); left > 0 {
			return Later(min(unknownFieldPause, left))
		}
		err = fmt.Errorf("no worker that knows all of its fields came within %s: %w", limit, err)
	}
	failure := w.failure(err, "")
	failure.Attempt = 0
	w.unread = Attempt{Started: time.Now(), Finished: time.Now(), Error: errorText(err), Worker: w.Worker}
	r.put(ctx, w)
	r.announce(ctx, failure, w.entry)
	return Permanent(failure)
}

// work executes one attempt and tells the journal, if the engine does not.
func (r *Runner) work(ctx context.Context, w *work) error {
	rec := &w.run.records[0]
	r.recall(ctx, w)
	rec.begin(time.Now(), w.Worker)
	r.put(ctx, w)

	returned := false
	defer func() {
		if !returned {
			_ = r.settleOutside(ctx, w, nil, ErrGoexit, "")
		}
	}()
	if extract := r.external.extract; extract != nil {
		ctx = extract(ctx, w.Metadata)
	}
	c := &scopeContext{scope: r.taskScope(ctx, rec, w.Attempt, false)}
	result, stack, err := invoke(ctx, c, rec.call.bound)
	returned = true
	return r.settleOutside(ctx, w, result, err, stack)
}

// settleOutside writes down how an attempt ended, and says so to the engine.
func (r *Runner) settleOutside(ctx context.Context, w *work, result any, err error, stack string) error {
	rec, now := &w.run.records[0], time.Now()
	if _, later := IsLater(err); later {
		rec.postpone()
		r.put(ctx, w)
		return err
	}
	if err == nil {
		rec.end(StatusDone, now, result, nil, "")
		if w.KeepResult != nil && result != nil {
			w.KeepResult(shownJSON(result))
		}
		r.put(ctx, w)
		return nil
	}
	failure := w.failure(err, stack)
	final := w.Last || IsPermanent(err)
	if final {
		rec.end(StatusFailed, now, nil, err, stack)
	} else {
		rec.end(StatusQueued, now, nil, err, stack)
	}
	r.put(ctx, w)
	if final {
		r.announce(ctx, failure, w.entry)
	}
	return failure
}

// failure is err as engines get it: its text can be read without care.
func (w *work) failure(err error, stack string) *CallError {
	return &CallError{
		RunID: w.RunID, Task: w.Task.Name, EntryID: w.EntryID, Position: w.Position, Attempt: w.Attempt,
		Err: &saidError{errorText(err), err}, Stack: stack,
	}
}

type saidError struct {
	text  string
	cause error
}

func (e *saidError) Error() string { return e.text }
func (e *saidError) Unwrap() error { return e.cause }

// recall looks up the attempts before this one, which the journal would
// otherwise forget.
func (r *Runner) recall(ctx context.Context, w *work) {
	if r.external.ledger || w.Attempt <= 1 {
		return
	}
	if page, err := r.journal.Query(ctx, Query{ID: w.EntryID}); err == nil && len(page.Entries) == 1 {
		w.previous = page.Entries[0].Attempts
	}
}

// put writes the entry as it stands, if the engine does not.
func (r *Runner) put(ctx context.Context, w *work) {
	if !r.external.ledger {
		r.writeChanges(ctx, Put(w.entry()))
	}
}

func (w *work) entry() Entry {
	rec := &w.run.records[0]
	b := Batch{RunID: w.RunID, Run: w.Run, At: w.At, Caller: w.Caller, Jobs: []Job{w.Job}}
	e := b.Entry(0)
	if rec.call.bound != nil {
		e = rec.render()
		e.Caller = w.Caller
	} else {
		e.Status, e.Attempts = StatusFailed, []Attempt{w.unread}
	}
	if len(w.previous) > 0 {
		e.Attempts = append(w.previous[:len(w.previous):len(w.previous)], e.Attempts...)
		e.StartedAt = w.previous[0].Started
	}
	return e
}

package saferunner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/entryid"
	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/record"
	"github.com/saferunner/saferunner/internal/requestctx"
	"github.com/saferunner/saferunner/journal"
)

const (
	unknownFieldPause = 15 * time.Second // between two workers that may know the field
	unknownFieldLimit = 10 * time.Minute
	closedGatePause   = time.Minute
)

// What the extract of Propagate can do wrong.
var (
	errExtractNil = errors.New("extract of Propagate returned a nil ctx; the task was not executed")
	errExtractDry = errors.New("extract of Propagate put a RecordOnly runner into the ctx; the task was not executed")
)

// deliver executes one delivery of a durable engine: it is the runner's
// engine.Handler. The task has a goroutine of its own, so that one that calls
// runtime.Goexit does not end the engine's.
func (r *Runner) deliver(ctx context.Context, d engine.Delivery) engine.Ending {
	again := func(wait time.Duration) engine.Ending {
		return engine.Ending{Status: journal.StatusQueued, Wait: wait}
	}
	if ctx.Err() != nil {
		return again(0)
	}
	task := r.external.task(d.Task.Name)
	decision := gate.Say{RecordOnly: r.recordOnly}.Delivered(func() string { return d.Task.Name })
	if task == nil || decision.Verdict != gate.Executed {
		return again(closedGatePause)
	}
	w := &delivered{Delivery: d}
	if err := w.prepare(task); err != nil {
		if wait := r.external.waits(d, err); wait > 0 {
			return again(wait)
		}
		return r.unfit(ctx, w, err)
	}
	ended := make(chan engine.Ending, 1)
	go r.work(ctx, w, decision.Pass(), ended)
	return <-ended
}

// delivered is one delivery, as a run of one call.
type delivered struct {
	engine.Delivery
	run      *record.Run
	previous []journal.Attempt // before this one, from the journal
	ended    chan<- engine.Ending
}

func (w *delivered) prepare(task *record.Task) error {
	if len(w.Run) != entryid.Length || len(w.EntryID) != entryid.Length {
		return fmt.Errorf("the engine delivered run %q, entry %q, which are no IDs", w.Run, w.EntryID)
	}
	args, err := task.ReadArguments(w.Payload)
	if err != nil {
		return err
	}
	w.run = record.Delivered(record.Foreign{Run: w.Run, Entry: w.EntryID, Caller: w.Caller}, w.RunID, w.At)
	w.run.SetCall(0, args, 0, &record.Options{Async: true, Keyed: w.Key != "", Key: w.Key})
	w.run.Settle(0, journal.StatusQueued)
	return nil
}

// waits returns how long a delivery waits for a worker that knows all of its
// fields, 0 if it waits no longer.
func (x *external) waits(d engine.Delivery, err error) time.Duration {
	if !isUnknownField(err) {
		return 0
	}
	due := d.At
	if d.NotBefore.After(due) {
		due = d.NotBefore
	}
	return max(min(unknownFieldPause, time.Until(due.Add(x.fieldLimit()))), 0)
}

func isUnknownField(err error) bool { return strings.Contains(err.Error(), "json: unknown field ") }

// fieldLimit is how long a call waits for a worker that knows its fields.
func (x *external) fieldLimit() time.Duration {
	if x.patience != nil {
		return *x.patience
	}
	return unknownFieldLimit
}

// unfit ends a call whose arguments no worker can read.
func (r *Runner) unfit(ctx context.Context, w *delivered, err error) engine.Ending {
	if isUnknownField(err) {
		err = fmt.Errorf("no worker that knows all of its fields came within %s: %w", r.external.fieldLimit(), err)
	}
	failure := w.failure(err, "")
	failure.Attempt = 0
	e := failedUnbegun(err, "")
	now := time.Now()
	entry := engine.Batch{RunID: w.RunID, Run: w.Run, At: w.At, Caller: w.Caller, Jobs: []engine.Job{w.Job}}.Entry(0)
	entry.Status = e.Status
	entry.Attempts = []journal.Attempt{{Started: now, Finished: now, Error: e.Error, Worker: w.Worker}}
	r.put(ctx, w, entry)
	told := r.tells(ctx, failure, entry)
	if e.Written = told; !r.external.ledger {
		told(e.Status)
	}
	return e
}

// tells returns what announces a failed attempt once its end is written, if the
// call has ended with it. The ctx of the attempt may have ended by then.
func (r *Runner) tells(ctx context.Context, failure *CallError, entry journal.Entry) func(journal.Status) {
	return func(s journal.Status) {
		if s.Final() {
			entry.Status = s
			r.announce(ctx, s, failure, func() journal.Entry { return entry })
		}
	}
}

// work executes one attempt.
func (r *Runner) work(ctx context.Context, w *delivered, pass gate.Pass, ended chan<- engine.Ending) {
	w.ended = ended
	r.recall(ctx, w)
	w.run.Take(0, journal.StatusQueued, w.Worker)
	r.put(ctx, w, w.entry())
	spec := w.Task
	extracted, o := r.extracted(ctx, w.Metadata)
	c := taskScope(r.inTask(extracted, scopeOf(extracted), w.run), 0, w.Attempt)
	a := attempt{ctx: c, spec: &spec, args: w.run.Calls[0].Args, pass: pass}
	if o.err != nil {
		w.executed(ctx, &a, o)
		return
	}
	a.execute(func(o outcome) { w.executed(extracted, &a, o) })
}

// extracted returns the ctx that the extract of Propagate makes. If that does not
// work, o has the error.
func (r *Runner) extracted(ctx context.Context, metadata map[string]string) (extracted context.Context, o outcome) {
	extracted = ctx
	o = guarded(func() (any, error) {
		if extract := r.external.extract; extract != nil {
			extracted = extract(ctx, metadata)
		}
		if requestctx.IsNil(extracted) {
			return nil, errExtractNil
		}
		if s := scopeOf(extracted); s != nil && s.recordOnly {
			return nil, errExtractDry
		}
		return nil, nil
	})
	return extracted, o
}

// told is what a Teller calls: a call has ended badly that no handler has ended.
// The engine logs it.
func (r *Runner) told(ctx context.Context, d engine.Delivery, e engine.Ending) {
	w := &delivered{Delivery: d}
	entry := engine.Batch{RunID: d.RunID, Run: d.Run, At: d.At, Caller: d.Caller, Jobs: []engine.Job{d.Job}}.Entry(0)
	entry.Status = e.Status
	values, o := r.extracted(ctx, d.Metadata)
	if o.err != nil {
		values = ctx
	}
	r.callOnFailure(values, w.failure(errors.New(e.Error), e.Stack), func() journal.Entry { return entry })
}

// executed notes the end of the attempt. The journal is written here, if the
// engine does not keep it.
func (w *delivered) executed(ctx context.Context, a *attempt, o outcome) {
	r, e := a.ctx.executes, a.ending(ctx, &o)
	kept := a.keep(&o)
	w.run.Conclude(0, &e, kept)
	if kept != nil {
		e.Result = kept.Shown()
	}
	entry := w.entry()
	r.put(ctx, w, entry)
	failure := w.failure(o.err, o.stack)
	if e.Status == journal.StatusInterrupted {
		r.lost.add(failure)
	}
	if o.err == nil {
		w.ended <- e
		return
	}
	told := r.tells(ctx, failure, entry)
	e.Written = told
	w.ended <- e
	if !r.external.ledger { // the end was written above
		told(e.Status)
	}
}

// failure is err as the failure of the call.
func (w *delivered) failure(err error, stack string) *CallError {
	return &CallError{
		RunID: w.RunID, Task: w.Task.Name, EntryID: w.EntryID, Position: w.Position, Attempt: w.Attempt,
		Err: err, Stack: stack,
	}
}

// recall looks up the attempts before this one, which the journal would
// otherwise forget.
func (r *Runner) recall(ctx context.Context, w *delivered) {
	if r.external.ledger || w.Attempt <= 1 {
		return
	}
	if page, err := r.journal.Query(ctx, journal.Query{ID: w.EntryID}); err == nil && len(page.Entries) == 1 {
		w.previous = page.Entries[0].Attempts
	}
}

// put writes the entry, if the engine does not.
func (r *Runner) put(ctx context.Context, w *delivered, e journal.Entry) {
	if !r.external.ledger {
		r.writeChanges(ctx, w.RunID, w.Task.Name, journal.Put(e))
	}
}

func (w *delivered) entry() journal.Entry {
	e := w.run.Entry(0)
	if len(w.previous) > 0 {
		e.Attempts = append(w.previous[:len(w.previous):len(w.previous)], e.Attempts...)
		e.StartedAt = w.previous[0].Started
	}
	return e
}

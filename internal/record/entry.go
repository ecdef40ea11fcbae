package record

import (
	"encoding/json"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/journal"
)

// Entry renders call i. No lock is held while arguments and result are
// encoded: neither changes any more.
func (r *Run) Entry(i int) journal.Entry {
	c := &r.Calls[i]
	e := journal.Entry{
		ID: r.EntryID(i), RunID: r.RunID, Run: r.ID(), At: r.At, Caller: r.caller(),
		Async: c.Options.IsAsync(), Key: c.Options.IdempotencyKey(),
	}
	code := r.code(i) // first: see Run
	e.Status = statuses[code]
	args, result := r.fill(i, code, &e)
	e.Task, e.Args = args.Task().Spec.Name, args.Shown()
	if result != nil {
		e.Result = result()
	}
	if n := len(e.Attempts); n > 0 {
		e.StartedAt, e.FinishedAt = e.Attempts[0].Started, e.Attempts[n-1].Finished
	}
	return e
}

// fill adds the attempts of call i.
func (r *Run) fill(i int, code uint32, e *journal.Entry) (args Arguments, result func() json.RawMessage) {
	defer r.lock(i).Unlock()
	args = r.Calls[i].Args
	if e.Async {
		code = r.code(i)
		e.Status = statuses[code]
	}
	if r.histories == nil {
		return args, nil
	}
	h := &r.histories[i]
	if code == running && !e.Async {
		e.Attempts = []journal.Attempt{{Started: r.when(h.started)}}
		return args, nil
	}
	if h.more != nil {
		for _, a := range h.more.earlier {
			e.Attempts = append(e.Attempts, r.attempt(a))
		}
		if h.more.result != nil {
			result = h.more.result.Shown
		}
	}
	if !h.empty() {
		e.Attempts = append(e.Attempts, r.attempt(h.last()))
	}
	return args, result
}

func (r *Run) caller() string {
	if r.foreign != nil {
		return r.foreign.Caller
	}
	return callsite.String(r.Caller)
}

// ShownResult returns what renders the result of call i, nil if it has none.
func (r *Run) ShownResult(i int) func() json.RawMessage {
	defer r.lock(i).Unlock()
	if r.histories == nil || r.histories[i].more == nil || r.histories[i].more.result == nil {
		return nil
	}
	return r.histories[i].more.result.Shown
}

// Kept returns what the journal keeps of the result of call i, which is done.
func (r *Run) Kept(i int) (value any, ok bool) {
	defer r.lock(i).Unlock()
	if r.code(i) != done || r.histories == nil || r.histories[i].more == nil || r.histories[i].more.result == nil {
		return nil, false
	}
	return r.histories[i].more.result.Value, true
}

package saferunner

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/redact"
)

// Result returns what the task's only or first call in the report returned.
// Where there is nothing to return the error says why: the call's own error,
// [ErrRecorded] if it did not execute or took no part in the run,
// [ErrDuplicate] or [ErrSkipped]. The result of an async call is in the
// journal: Calls.
func (t *ResultTask[In, Out]) Result(r *Report) (Out, error) {
	if r == nil {
		r = &Report{}
	}
	for i := range r.Outcomes {
		if r.Outcomes[i].Task == t.Name() {
			return outcomeResult[Out](r, i)
		}
	}
	var zero Out
	return zero, fmt.Errorf("saferunner: run %q has no call to %s: %w", r.RunID, t.Name(), ErrRecorded)
}

// Results returns what the task's calls returned that were executed or
// stubbed, in order.
func (t *ResultTask[In, Out]) Results(r *Report) []Out {
	var all []Out
	if r == nil || r.run == nil {
		return nil
	}
	for i := range r.Outcomes {
		if r.Outcomes[i].Task != t.Name() || !r.answered(i) {
			continue
		}
		if out, ok := castResult[Out](r.Outcomes[i].Result); ok {
			all = append(all, out)
		}
	}
	return all
}

func outcomeResult[Out any](r *Report, i int) (Out, error) {
	var zero Out
	o := r.Outcomes[i]
	switch {
	case o.Err != nil:
		return zero, o.Err
	case o.Result != nil || r.run != nil && r.answered(i):
		out, ok := castResult[Out](o.Result)
		if !ok {
			return zero, fmt.Errorf("saferunner: run %q: %s returned %T, not %s: two tasks share this name", r.RunID, o.Task, o.Result, reflect.TypeFor[Out]())
		}
		return out, nil
	}
	return zero, noResult(r.RunID, o)
}

// noResult says why a call that has not failed has no result.
func noResult(runID string, o Outcome) error {
	switch o.Status {
	case StatusDuplicate:
		return fmt.Errorf("saferunner: run %q: %s: %w, and its result is not known", runID, o.Task, ErrDuplicate)
	case StatusSkipped:
		return fmt.Errorf("saferunner: run %q: %s: %w, an earlier one failed", runID, o.Task, ErrSkipped)
	case StatusQueued, StatusRunning:
		return fmt.Errorf("saferunner: run %q: %s is async and has not ended: wait with Report.Wait and look it up with Calls", runID, o.Task)
	}
	return fmt.Errorf("saferunner: run %q: %s: %w, so it has no result; in a test answer it with saferunnertest.Stub, in staging with WhenRecorded", runID, o.Task, ErrRecorded)
}

// castResult also takes nil for the nil of an interface type.
func castResult[Out any](v any) (Out, bool) {
	out, ok := v.(Out)
	return out, ok || v == nil
}

// shownJSON is a result as journals show it.
func shownJSON(v any) json.RawMessage {
	plan, _, _ := redact.PlanOf(reflect.TypeOf(v))
	return plan.JSON(reflect.ValueOf(v))
}

// decodeResult reads a result back from the journal. One that may hold
// redacted fields cannot be, nor one whose type JSON does not tell.
func decodeResult[Out any](raw json.RawMessage) (any, error) {
	var out Out
	t := reflect.TypeFor[Out]()
	if plan, _, _ := redact.PlanOf(t); plan.InType() || t.Kind() == reflect.Interface {
		return nil, ErrRedacted
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, err
	}
	return out, nil
}

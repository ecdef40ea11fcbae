package journal

import (
	"encoding/json"
	"slices"
	"time"
)

// Entry is one journaled call: what was called, from where, and what became
// of it. It is a plain value, a copy of what the journal holds.
//
// Args and Result are JSON in which redacted fields read "[redacted]" and
// values that JSON cannot hold read as a placeholder that names their type.
type Entry struct {
	ID                        string          // of this call, unique across processes
	RunID                     string          // the label that Run was given
	Run                       string          // ID of the run, shared by the calls of one list
	Task                      string          // name of the task
	Args                      json.RawMessage // its arguments
	Async                     bool            // it was, or would have been, handed to the engine
	Key                       string          // idempotency key, if it has one
	Status                    Status          // where it stands
	Attempts                  []Attempt       // each time it executed, first one first
	Result                    json.RawMessage // what a result task returned
	At, StartedAt, FinishedAt time.Time       // when Run was called, its first attempt began, its last one ended
	Caller                    string          // file:line of the code that called Run
	Scope                     string          // end-to-end scope, if any
}

// Attempt is one execution of a call. A call that ended without having begun
// has one attempt without times, which says why.
type Attempt struct {
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"` // zero while it executes
	Error    string    `json:"error,omitempty"`   // empty when it succeeded
	Stack    string    `json:"stack,omitempty"`   // of a panic
	Worker   string    `json:"worker,omitempty"`  // who executed it, where an engine has several
}

// ErrorText returns the error text of the last attempt, empty if it has not
// failed.
func (e Entry) ErrorText() string {
	if len(e.Attempts) == 0 {
		return ""
	}
	return e.Attempts[len(e.Attempts)-1].Error
}

type entryJSON struct {
	ID         string          `json:"id"`
	RunID      string          `json:"run_id"`
	Run        string          `json:"run,omitempty"`
	Task       string          `json:"task_name"`
	Args       json.RawMessage `json:"task_args"`
	Async      bool            `json:"is_async"`
	Key        string          `json:"key,omitempty"`
	Status     Status          `json:"status"`
	Attempts   []Attempt       `json:"attempts,omitempty"`
	Result     json.RawMessage `json:"result,omitempty"`
	At         time.Time       `json:"at"`
	StartedAt  time.Time       `json:"started_at,omitzero"`
	FinishedAt time.Time       `json:"finished_at,omitzero"`
	Caller     string          `json:"caller,omitempty"`
	Scope      string          `json:"scope,omitempty"`
}

// MarshalJSON writes the entry with the names id, run_id, run, task_name,
// task_args, is_async, key, status, attempts, result, at, started_at,
// finished_at, caller and scope. Empty ones are left out, except id, run_id,
// task_name, task_args, is_async, status and at. It does not fail: Args or
// a Result that is not JSON is shown as a string, and a time that JSON cannot
// hold as the zero time.
func (e Entry) MarshalJSON() ([]byte, error) {
	j := entryJSON(e)
	j.Args = validJSON(j.Args)
	j.Result = validJSON(j.Result)
	j.Attempts = slices.Clone(j.Attempts)
	for i := range j.Attempts {
		a := &j.Attempts[i]
		a.Started, a.Finished = validTime(a.Started), validTime(a.Finished)
	}
	j.At, j.StartedAt, j.FinishedAt = validTime(j.At), validTime(j.StartedAt), validTime(j.FinishedAt)
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Entry) UnmarshalJSON(data []byte) error {
	var j entryJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*e = Entry(j)
	return nil
}

// validTime returns the zero time for one that JSON cannot hold.
func validTime(t time.Time) time.Time {
	if y := t.Year(); y < 0 || y > 9999 {
		return time.Time{}
	}
	if _, offset := t.Zone(); offset <= -24*60*60 || offset >= 24*60*60 {
		return t.UTC()
	}
	return t
}

func validJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || json.Valid(raw) {
		return raw
	}
	text, _ := json.Marshal(string(raw)) // a string always marshals
	return text
}

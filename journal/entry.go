package journal

import (
	"encoding/json"
	"slices"
	"time"
)

// Entry is one call in a journal: what was called, from where, and what became of
// it. It is a copy, and may be changed.
//
// Args and Result are JSON. In them redacted fields read "[redacted]", and a value
// that JSON cannot hold is a text that names its type.
type Entry struct {
	ID                        string          // of this call, unique across processes
	RunID                     string          // the run ID that Run was given
	Run                       string          // ID of the run, shared by the calls of one list, whose IDs follow it
	Task                      string          // name of the task
	Args                      json.RawMessage // its arguments
	Async                     bool            // whether it is a call for the engine
	Key                       string          // idempotency key, empty without one
	Status                    Status          // where it stands
	Attempts                  []Attempt       // its executions, the first one first
	Result                    json.RawMessage // what a result task returned
	At, StartedAt, FinishedAt time.Time       // when Run was called, the first attempt began, the last one ended; zero: not yet
	Caller                    string          // file:line of the code that called Run, empty if it is not known
	Scope                     string          // scope of an end-to-end test, empty without one
}

// Attempt is one execution of a call. A call that failed before it began has one
// Attempt without times, whose Error says why.
type Attempt struct {
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"` // zero while it executes
	Error    string    `json:"error,omitempty"`   // empty when it succeeded
	Stack    string    `json:"stack,omitempty"`   // of a panic
	Worker   string    `json:"worker,omitempty"`  // who executed it, where an engine has several
}

// ErrorText returns the error text of the last attempt, or the empty string if it
// has not failed.
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

// MarshalJSON returns the entry as JSON with the names id, run_id, run, task_name,
// task_args, is_async, key, status, attempts, result, at, started_at, finished_at,
// caller and scope. It leaves out empty ones, but always writes id, run_id,
// task_name, task_args, is_async, status and at. It never fails: Args and Result
// that are not JSON become a string, and a time that JSON cannot hold becomes the
// zero time.
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

// UnmarshalJSON reads what [Entry.MarshalJSON] returns.
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

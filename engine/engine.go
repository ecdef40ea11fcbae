package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/saferunner/saferunner/journal"
)

// Engine executes async calls. It is safe for concurrent use.
type Engine interface {
	// Submit takes consecutive async calls of one run, all of them or none, and
	// returns a Ticket for each. It waits while the engine has no place for them,
	// until ctx ends. The cancellation of ctx must not reach the handler.
	Submit(ctx context.Context, batch Batch) ([]Ticket, error)

	// Start begins to deliver the jobs of these tasks, and of no others, to h. It
	// returns soon after ctx ends. What it has started goes on until Stop, also
	// after ctx has ended. It is called again only if it has failed.
	Start(ctx context.Context, tasks []TaskSpec, h Handler) error

	// Stop takes no further jobs and waits for the handlers that run. When ctx
	// ends it cancels the ctx of these handlers, with the cause ErrStopping, and
	// returns an error soon after. It may be called again, to wait for them. It is
	// not called while Start goes on: the ctx of Start is ended first.
	Stop(ctx context.Context) error
}

// Batch holds the calls that one run hands to the engine together.
type Batch struct {
	RunID  string    // the run ID that Run was given
	Run    string    // ID of the run
	At     time.Time // when Run was called
	Caller string    // file:line of the code that called Run, empty if it is not known
	Jobs   []Job
}

// Entry returns the entry of job i at the time it is queued. It is for an engine
// that keeps the journal itself.
func (b Batch) Entry(i int) journal.Entry {
	j := &b.Jobs[i]
	return journal.Entry{
		ID: j.EntryID, RunID: b.RunID, Run: b.Run, Task: j.Task.Name, Args: j.Args, Async: true, Key: j.Key,
		Status: journal.StatusQueued, At: b.At, Caller: b.Caller,
	}
}

// Job is one async call on its way to a worker.
type Job struct {
	EntryID   string            // of the call's journal entry
	Position  int               // of the call in its list, from 0
	Task      TaskSpec          // what to run, and how
	Payload   json.RawMessage   // the arguments, with the values of redacted fields
	Args      json.RawMessage   // the arguments as the journal shows them
	Redacted  bool              // Payload has values that Args does not show: do not store it in clear text
	Metadata  map[string]string // travels to the worker unchanged
	NotBefore time.Time         // when the call is due; zero: at once
	Key       string            // idempotency key, empty without one; it is claimed already, unless the engine is a Ledger
}

// Ticket is the answer of an engine for one job of a batch.
type Ticket struct {
	ID     string // the engine's own name for the job; may be empty
	Holder string // ID of the entry that holds the job's key, if a Ledger found it claimed: then the job is not queued
}

// Delivery is one attempt at a job.
type Delivery struct {
	Job               // Task has the limits of this attempt
	RunID   string    // the run ID that Run was given
	Run     string    // ID of the run
	At      time.Time // when Run was called
	Caller  string    // file:line of the code that called Run, empty if it is not known
	Attempt int       // which attempt this is, from 1; attempts that did not count are left out
	Worker  string    // name of the worker, if the engine has several
}

// Handler executes one attempt and returns what its end means. It returns when the
// task has returned, even if ctx has ended before. If ctx has ended already, the
// task is not executed, and the attempt does not count. A panic and runtime.Goexit
// in the task do not reach the engine. A Handler is safe for concurrent use.
type Handler func(context.Context, Delivery) Ending

// Ending is what the end of an attempt means for its call. An engine that keeps the
// journal writes it down before it tells anybody.
type Ending struct {
	Status journal.Status  // of the call from now on; StatusQueued: there is another attempt
	Wait   time.Duration   // before the next attempt; the engine decides how precisely it keeps this
	Counts bool            // whether the attempt counts; if not, the next one has the same number
	Error  string          // why the attempt failed; empty if it did not
	Stack  string          // of a panic
	Result json.RawMessage // what a result task returned, as the journal shows it

	// Written is for a Ledger, which calls it, if it is not nil, once the end is in
	// the journal, with the status that the call has there: another one than Status
	// if somebody has cancelled the call meanwhile. A Ledger does not call it for an
	// end that it does not write, as that of an attempt which counts as lost by then.
	// Written returns at once.
	Written func(journal.Status)
}

// Lost returns the Ending of an attempt whose process died, or was not seen for so
// long that it counts as dead. The call is executed again if its task allows more
// attempts; otherwise it ends as interrupted.
func Lost(task TaskSpec, attempt int) Ending {
	e := Ending{Status: journal.StatusInterrupted, Counts: true, Error: "its end was not seen: the process that executed it is gone"}
	if attempt < task.Retry.Attempts() {
		e.Status, e.Wait = journal.StatusQueued, task.Retry.Delay(attempt)
	}
	return e
}

// The causes with which an engine cancels the ctx of a handler.
var (
	// ErrCancelled says that somebody has cancelled the call. It is not tried
	// again.
	ErrCancelled = errors.New("the call was cancelled")

	// ErrStopping says that the engine stops and does not wait any longer.
	ErrStopping = errors.New("the engine is stopping")
)

// ErrFull is the cause of a call that was not queued because the engine has no
// place for it, and the caller cannot wait for one.
var ErrFull = errors.New("the engine holds as many calls as it can")

// ErrInDoubt is the cause of calls for which the database of the engine did not say
// whether it has committed them, and could not be asked. They may be queued. Their
// keys stay claimed, so it is safe to run calls with the same key again.
var ErrInDoubt = errors.New("it is not known whether the calls were queued")

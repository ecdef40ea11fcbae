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
	// Submit takes the consecutive async calls of one run: all of them or
	// none. It waits while the engine has no room, until ctx ends. The
	// cancellation of ctx must not reach the handler.
	Submit(ctx context.Context, batch Batch) ([]Ticket, error)

	// Start begins to deliver jobs of these tasks, and of no others, to h. It
	// returns soon after ctx ends. What it has started goes on until Stop,
	// also when ctx ends. It is called again only if it has failed.
	Start(ctx context.Context, tasks []TaskSpec, h Handler) error

	// Stop takes no new work and lets what is running end. When ctx ends it
	// cancels the ctx of what is running, with the cause ErrStopping, and
	// returns soon after. It may be called again, to wait on. It is not called
	// while Start goes on: the ctx of Start is ended first.
	Stop(ctx context.Context) error
}

// Batch is what one run hands to the engine at once.
type Batch struct {
	RunID  string    // the label that Run was given
	Run    string    // ID of the run
	At     time.Time // when Run was called
	Caller string    // file:line of the code that called Run
	Jobs   []Job
}

// Entry returns the journal entry of job i as it is when it has been queued,
// for an engine that keeps the journal itself.
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
	Payload   json.RawMessage   // the arguments
	Args      json.RawMessage   // the arguments as the journal shows them
	Redacted  bool              // Payload holds what Args does not show: it is not to be stored in clear
	Metadata  map[string]string // crosses to the worker as it is
	NotBefore time.Time         // zero: at once; deliveries have it too
	Key       string            // idempotency key, already claimed unless the engine is a Ledger
}

// Ticket is what an engine answers for one job of a batch.
type Ticket struct {
	ID     string // the engine's own name for the job, opaque to everyone else; may be empty
	Holder string // the entry that holds the job's key, where a Ledger found it claimed: the job is not queued
}

// Delivery is one attempt at a job.
type Delivery struct {
	Job            // its Task has the limits that hold for this attempt
	RunID   string // the label that Run was given
	Run     string // ID of the run
	At      time.Time
	Caller  string
	Attempt int    // 1 for the first
	Worker  string // who executes it, where an engine has several
}

// Handler executes one attempt and says what its end means. It returns when
// the task has returned, also when ctx ended before; a ctx that has ended
// already is not executed under. A task that calls runtime.Goexit does not
// take the engine's goroutine with it. It is safe for concurrent use.
type Handler func(context.Context, Delivery) Ending

// Ending is what the end of an attempt means for its call. The engine writes
// it down, if it keeps the journal, before it tells anybody.
type Ending struct {
	Status journal.Status  // of the call now; StatusQueued: there is another attempt
	Wait   time.Duration   // before the next attempt; the engine decides how precisely it keeps it
	Counts bool            // the attempt counts among those of the task; false: as if it had not been
	Error  string          // why it failed; empty if it did not
	Stack  string          // of a panic
	Result json.RawMessage // what a result task returned, as the journal shows it
}

// Lost returns what it means that the process of an attempt died, or was not
// seen for so long that it counts as dead. A call is executed again only if
// its task allows more attempts; otherwise it ends as interrupted.
func Lost(task TaskSpec, attempt int) Ending {
	e := Ending{Status: journal.StatusInterrupted, Counts: true, Error: "its end was not seen: the process that executed it is gone"}
	if attempt < task.Retry.Attempts() {
		e.Status, e.Wait = journal.StatusQueued, task.Retry.Delay(attempt)
	}
	return e
}

// Why an engine has ended the ctx of a handler: the cause of the ctx.
var (
	// ErrCancelled: somebody has cancelled the call. It is not tried again.
	ErrCancelled = errors.New("the call was cancelled")

	// ErrStopping: the engine stops and waits no longer.
	ErrStopping = errors.New("the engine is stopping")
)

// ErrFull is the cause when an engine has no place for a call, and the caller
// cannot wait for one.
var ErrFull = errors.New("the engine holds as many calls as it can")

// ErrInDoubt is the cause when an engine's database did not say whether it
// has committed async calls, and could not be asked. They may be queued:
// their keys stay claimed, and Run with the same key tells.
var ErrInDoubt = errors.New("it is not known whether the calls were queued")

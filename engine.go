package saferunner

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Engine executes async calls. Runners use a pool in the process. An Engine
// is safe for concurrent use.
type Engine interface {
	// Submit takes the consecutive async calls of one run: all of them or
	// none. It waits while the engine has no room, until ctx ends. The values
	// of ctx may reach the handler; its cancellation must not.
	Submit(ctx context.Context, batch Batch) ([]Ticket, error)

	// Start begins to deliver jobs of these tasks, and of no others, to h. It
	// is called once. An engine that carries the call itself, as the
	// in-process one does, may be given no tasks.
	Start(ctx context.Context, tasks []TaskSpec, h Handler) error

	// Stop takes no new work from outside, lets what is running end, and
	// cancels it when ctx ends. An engine that loses its queue with the process
	// does the same with what is queued.
	Stop(ctx context.Context) error
}

// Batch is what one run hands to the engine at once.
type Batch struct {
	RunID  string    // the label that Run was given
	Run    string    // ID of the run
	At     time.Time // when Run was called
	Caller string    // file:line of the code that called Run; empty for an engine within the process
	Jobs   []Job
}

// Entry returns the journal entry of job i as it is when it has been queued,
// for an engine that keeps the journal itself.
func (b Batch) Entry(i int) Entry {
	j := &b.Jobs[i]
	return Entry{
		ID: j.EntryID, RunID: b.RunID, Run: b.Run, Task: j.Task.Name, Args: j.Args, Async: true, Key: j.Key,
		Status: StatusQueued, At: b.At, Caller: b.Caller,
	}
}

// Job is one async call on its way to a worker.
type Job struct {
	EntryID   string            // of the call's journal entry
	Position  int               // of the call in its list, from 0
	Task      TaskSpec          // what to run, and how
	Payload   json.RawMessage   // the arguments; nil for an engine within the process
	Args      json.RawMessage   // the arguments as the journal shows them; nil for an engine within the process
	Redacted  bool              // Payload holds what Args does not show
	Metadata  map[string]string // crosses to the worker as it is
	NotBefore time.Time         // zero: at once; deliveries have it too
	Key       string            // idempotency key, already claimed unless the engine is a Ledger

	call *record // the call itself, for the engine of this process
}

// TaskSpec is what an engine needs to know of a task.
type TaskSpec struct {
	Name    string
	Timeout time.Duration // of one attempt; 0: none
	Retry   RetryPolicy
	Queue   string // empty: the default queue
}

// Ticket is what an engine answers for one job of a batch.
type Ticket struct {
	ID     string // the engine's own name for the job, opaque to everyone else; may be empty
	Holder string // the entry that holds the job's key, where a Ledger found it claimed: the job is not queued
}

// Delivery is one attempt at a job.
type Delivery struct {
	Job
	RunID   string
	Run     string
	At      time.Time // when Run was called
	Caller  string
	Attempt int    // 1 for the first
	Last    bool   // the engine will not try again if this attempt fails
	Worker  string // who executes it, where an engine has several

	// KeepResult takes what the call returned, as the journal shows it, before
	// the handler returns. It is nil for an engine that keeps no journal.
	KeepResult func(json.RawMessage)
}

// Handler executes one delivery. Its error is the call's: the engine tries
// again as the job's [RetryPolicy] says, except after [Permanent], and, as if
// this attempt had not been, after [Later]. A failure is a [*CallError], which
// has the stack of a panic. A delivery whose ctx is already cancelled is not
// executed: it ends as cancelled in the in-process engine and comes Later in
// others. A task that calls runtime.Goexit takes the handler's goroutine with
// it; the engine counts such an attempt as failed.
type Handler func(context.Context, Delivery) error

// Permanent wraps an error that no further attempt would mend: a call that
// fails with it is not retried. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// Later is the error of a task that cannot run now: it is tried again after
// d, and the attempt does not count. The engine decides how precisely d is
// kept. In a sync call it is an ordinary failure.
func Later(d time.Duration) error { return &laterError{d} }

type laterError struct{ delay time.Duration }

func (e *laterError) Error() string { return "not now: try again in " + e.delay.String() }

// IsPermanent reports whether err, or what it wraps, was made by [Permanent].
func IsPermanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}

// IsLater reports whether err, or what it wraps, was made by [Later], and
// how long to wait.
func IsLater(err error) (time.Duration, bool) {
	later, ok := errors.AsType[*laterError](err)
	if !ok {
		return 0, false
	}
	return later.delay, true
}

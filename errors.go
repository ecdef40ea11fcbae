package saferunner

import (
	"errors"
	"fmt"
	"strconv"
)

// What Run and its companions return. All of them are wrapped with what
// happened to what: test for them with errors.Is. What belongs to an engine or
// a journal is in package engine or journal.
var (
	// ErrRunID is returned by Run and Calls when the run ID is not 1 to 256
	// bytes of UTF-8 without NUL. Nothing was executed or recorded.
	ErrRunID = errors.New("bad run ID")

	// ErrKey is returned by Run when a key is not 1 to 256 bytes of UTF-8
	// without NUL. Nothing was executed or recorded.
	ErrKey = errors.New("bad key")

	// ErrNoTask is returned by Run when a call is the zero Call, or was made
	// by With of a nil task. Nothing was executed or recorded.
	ErrNoTask = errors.New("call without a task")

	// ErrArguments is returned by Run when the arguments of an async call
	// would not survive JSON, in test mode as in production, or when they hold
	// a protobuf message and package saferunnerproto is not imported. Nothing
	// was executed or recorded.
	ErrArguments = errors.New("bad arguments")

	// ErrMode is returned by Run, Start and Clear when SAFERUNNER_MODE is set
	// to something other than live or record. Nothing was executed, recorded
	// or forgotten.
	ErrMode = errors.New("SAFERUNNER_MODE must be live or record")

	// ErrRecorded is returned by Do and Result of a result task whose call was
	// recorded instead of executed, and that has neither a stub nor a
	// WhenRecorded answer; by Result also where no call of the list was to the
	// task.
	ErrRecorded = errors.New("the call was recorded, not executed")

	// ErrDuplicate is returned by Do and Result of a result task when another
	// call holds the key and its result is not known: it has not ended yet,
	// returned none, or its result holds redacted fields.
	ErrDuplicate = errors.New("another call holds the key")

	// ErrSkipped is returned by Result when the call was not made, because an
	// earlier call of its list failed.
	ErrSkipped = errors.New("the call was skipped")

	// ErrShutdown is returned by Run and Start after Shutdown, and by a Start
	// that Shutdown has interrupted. It is the reason of calls that Shutdown has
	// cancelled.
	ErrShutdown = errors.New("the runner has been shut down")

	// ErrLive is returned by Clear outside test mode. Nothing was forgotten.
	ErrLive = errors.New("not in test mode")

	// ErrRedacted is why a result that may hold redacted fields cannot be read
	// back from a journal, which does not have them.
	ErrRedacted = errors.New("it may hold redacted fields, which the journal does not have")

	// ErrEnded is returned by Cancel when the call has ended, or is not known.
	ErrEnded = errors.New("the call has ended, or is not known")

	// ErrNoCancel is returned by Cancel when the call cannot be cancelled: it
	// executes in this process, its engine cannot cancel, or it is recorded in a
	// journal that does not know whether it waits for a time.
	ErrNoCancel = errors.New("the call cannot be cancelled")

	// ErrGoexit is the cause when a task called runtime.Goexit, as t.FailNow
	// does, instead of returning.
	ErrGoexit = errors.New("the task called runtime.Goexit instead of returning")

	// ErrPanic is matched by the cause of a call whose task panicked; the
	// CallError has the stack.
	ErrPanic = errors.New("panic")

	// ErrTaskTwice is returned by Start when two of the tasks that it is given
	// have the same name.
	ErrTaskTwice = errors.New("two tasks of one name")
)

// CallError is the failure of one call. Run returns the one that stopped its
// list; Report.Wait joins those of the async calls.
type CallError struct {
	RunID    string // the label that Run was given
	Task     string // name of the task
	EntryID  string // of the call's journal entry
	Position int    // of the call in its list, from 0
	Attempt  int    // which attempt failed, from 1; 0 if the call was never begun
	Err      error  // the cause
	Stack    string // of the panic, if there was one
}

// Error names the run ID, the call's place in its list, counted from 1, the
// task and the cause. The stack is not part of it.
func (e *CallError) Error() string {
	again := ""
	if e.Attempt > 1 {
		again = ", attempt " + strconv.Itoa(e.Attempt)
	}
	return fmt.Sprintf("saferunner: run %q, call %d, %s%s: %v", e.RunID, e.Position+1, e.Task, again, e.Err)
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

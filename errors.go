package saferunner

import (
	"errors"
	"fmt"
	"strconv"
)

// What Run and its companions return. All of them are wrapped with what
// happened to what: test for them with errors.Is.
var (
	// ErrRunID is returned by Run when the run ID is empty or longer than
	// 256 bytes. Nothing was executed or recorded.
	ErrRunID = errors.New("bad run ID")

	// ErrNoTask is returned by Run when a call is the zero Call, or was made
	// by With of a nil task. Nothing was executed or recorded.
	ErrNoTask = errors.New("call without a task")

	// ErrArguments is returned by Run when the arguments of an async call
	// would not survive JSON, in test mode as in production. Nothing was
	// executed or recorded.
	ErrArguments = errors.New("arguments would not survive JSON")

	// ErrMode is returned by Run and Clear when SAFERUNNER_MODE is set to
	// something other than live or record. Nothing was executed, recorded or
	// forgotten.
	ErrMode = errors.New("SAFERUNNER_MODE must be live or record")

	// ErrRecorded is returned by Do and Result of a result task whose call was
	// recorded instead of executed, and that has neither a stub nor a
	// WhenRecorded answer; by Result also where the call did not take place.
	ErrRecorded = errors.New("the call was recorded, not executed")

	// ErrDuplicate is returned by Do and Result when another call holds the
	// key and its result is not known: it has not ended yet, returned none, or
	// its result holds redacted fields.
	ErrDuplicate = errors.New("another call holds the key")

	// ErrSkipped is returned by Result when the call was not made, because an
	// earlier call of its list failed.
	ErrSkipped = errors.New("the call was skipped")

	// ErrKeysFull is the cause when a call with a key was not executed because
	// the in-memory journal holds as many keys as it can.
	ErrKeysFull = errors.New("the in-memory journal holds as many keys as it can; use a journal on disk, such as journal/sqljournal")

	// ErrScheduleFull is the cause when a call with After or At was not taken
	// because the in-process engine has as many calls waiting for their time as
	// it keeps.
	ErrScheduleFull = errors.New("the in-process engine holds as many scheduled calls as it can; use a durable engine")

	// ErrShutdown is returned by Run after Shutdown, and is the reason of calls
	// that were cancelled by it.
	ErrShutdown = errors.New("the runner has been shut down")

	// ErrLive is returned by Clear outside test mode. Nothing was forgotten.
	ErrLive = errors.New("not in test mode")

	// ErrNoTx is returned by RunTx when the engine cannot queue calls in the
	// caller's transaction. The in-process engine never can.
	ErrNoTx = errors.New("the engine cannot take part in a transaction")

	// ErrInDoubt is the cause when an engine's database did not say whether it
	// has committed async calls, and could not be asked. They may be queued:
	// their keys stay claimed, and Run with the same key tells.
	ErrInDoubt = errors.New("it is not known whether the calls were queued")

	// ErrRedacted is why a result or payload that held redacted fields cannot
	// be had back from the journal, which does not have them: a duplicate then
	// returns ErrDuplicate, and a release or retry returns it.
	ErrRedacted = errors.New("the arguments are redacted and their payload is gone")

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

// panicError is the cause of a call whose task panicked.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Is makes the error match ErrPanic.
func (e *panicError) Is(target error) bool { return target == ErrPanic }

// Unwrap returns the panic's value if it was an error.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

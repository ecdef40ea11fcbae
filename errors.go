package saferunner

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/saferunner/saferunner/internal/record"
)

// Errors of this package. They come wrapped, with what happened to what: test for
// them with errors.Is. The errors of engines and journals are in packages engine
// and journal.
var (
	// ErrRunID is returned by Run and Calls when the run ID is not 1 to 256
	// bytes of UTF-8 without NUL. Nothing was executed or recorded.
	ErrRunID = errors.New("bad run ID")

	// ErrKey is returned by Run when a key is not 1 to 256 bytes of UTF-8
	// without NUL. Nothing was executed or recorded.
	ErrKey = errors.New("bad key")

	// ErrNoTask is returned by Run when a call is the zero Call, as With of a nil
	// or zero task returns it. Nothing was executed or recorded.
	ErrNoTask = errors.New("call without a task")

	// ErrArguments is returned by Run when the arguments of an async call would
	// not survive JSON, in test mode as in production, and when arguments hold a
	// protobuf message and the program does not import saferunnerproto. The error
	// names the field. Nothing was executed or recorded.
	ErrArguments = errors.New("bad arguments")

	// ErrMode is returned by Run, Start and Clear when SAFERUNNER_MODE is set
	// to something other than live or record. Nothing was executed, recorded
	// or forgotten.
	ErrMode = errors.New("SAFERUNNER_MODE must be live or record")

	// ErrRecorded is returned by Do and Result of a result task when the call was
	// recorded instead of executed, and neither a stub nor WhenRecorded answered
	// it. Result returns it too when the list has no call of the task.
	ErrRecorded = errors.New("the call was recorded, not executed")

	// ErrDuplicate is returned by Result of a result task when another call holds
	// the key and its result is not known: that call has not ended, or its result
	// cannot be read back from the journal.
	ErrDuplicate = errors.New("another call holds the key")

	// ErrSkipped is returned by Result when the call was skipped, because an
	// earlier call of its list failed or ctx ended.
	ErrSkipped = errors.New("the call was skipped")

	// ErrShutdown is returned by Run and Start after Shutdown, and by a Start that
	// Shutdown has interrupted. It is also the cause of calls that Shutdown
	// cancelled.
	ErrShutdown = errors.New("the runner has been shut down")

	// ErrLive is returned by Clear outside test mode. Nothing was forgotten.
	ErrLive = errors.New("not in test mode")

	// ErrRedacted is why a result cannot be read back from a journal: it may hold
	// redacted fields, which the journal does not have.
	ErrRedacted = errors.New("it may hold redacted fields, which the journal does not have")

	// ErrEnded is returned by Cancel when the call has ended or is not known.
	ErrEnded = errors.New("the call has ended, or is not known")

	// ErrNoCancel is returned by Cancel when the call goes on and cannot be
	// cancelled: it executes in this process, its engine cannot cancel, or it is
	// recorded in a journal that does not know whether it waits for a time.
	ErrNoCancel = errors.New("the call cannot be cancelled")

	// ErrGoexit is the cause of a call whose task called runtime.Goexit instead of
	// returning, as t.FailNow does.
	ErrGoexit = errors.New("the task called runtime.Goexit instead of returning")

	// ErrPanic matches the cause of a call whose task panicked. The CallError has
	// the stack. If the value of the panic was an error, errors.Is sees it too.
	ErrPanic = errors.New("panic")

	// ErrTaskTwice is returned by Start when two of its tasks have the same name.
	ErrTaskTwice = errors.New("two tasks of one name")
)

// CallError is the failure of one call. [Run] returns the one that stopped its
// list, [Report.Wait] joins those of the async calls, and [OnFailure] gets one.
// errors.Is and errors.As see the cause.
type CallError struct {
	RunID    string // the run ID that Run was given
	Task     string // name of the task
	EntryID  string // ID of the call's journal entry
	Position int    // place of the call in its list, from 0
	Attempt  int    // which attempt failed, from 1; 0 if the call never began
	Err      error  // the cause
	Stack    string // of the panic, if there was one: functions, files and lines
}

// Error returns a text with the run ID, the place of the call in its list counted
// from 1, the task, the attempt after the first, and the cause, without the stack.
func (e *CallError) Error() string {
	again := ""
	if e.Attempt > 1 {
		again = ", attempt " + strconv.Itoa(e.Attempt)
	}
	return fmt.Sprintf("saferunner: run %q, call %d, %s%s: %s", e.RunID, e.Position+1, e.Task, again, record.ErrorText(e.Err))
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

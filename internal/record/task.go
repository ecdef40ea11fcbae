package record

import (
	"context"
	"encoding/json"

	"github.com/saferunner/saferunner/internal/gate"

	"github.com/saferunner/saferunner/engine"
)

// Task is what there is to know of a task, whatever its types.
type Task struct {
	Spec      engine.TaskSpec
	Defined   uintptr // where
	HasResult bool
	Answers   bool     // it has a WhenRecorded function
	Bytes     int64    // that its arguments take by themselves
	Flat      bool     // they share nothing that can change: they need no Copy
	Fixed     bool     // and take no more than Bytes
	Sound     bool     // sync ones need no Check
	Survives  bool     // async ones neither
	Redacts   []string // paths of fields that are hidden beside the tagged ones

	// Own gives calls of the task, in the place of what was passed, arguments of
	// their own memory. With freeze, those that share data with what was passed
	// show what they are now.
	Own func(calls []Call, freeze bool)
	// Keep copies what the task returned, for the journal.
	Keep func(result any, keyed bool) *Kept
	// Again copies a kept result, for a duplicate.
	Again func(kept any) any
	// ReadArguments makes arguments from what crossed an engine. It is strict: a
	// field that they do not have is an error.
	ReadArguments func(json.RawMessage) (Arguments, error)
	// ReadResult reads a result back from the journal.
	ReadResult func(json.RawMessage) (any, error)
}

// Arguments are those of one call, bound to its task. They do not change.
type Arguments interface {
	Task() *Task
	// Invoke executes the task with them.
	Invoke(context.Context, gate.Pass) (any, error)
	// WhenRecorded asks the task's function of that name.
	WhenRecorded() (any, error)
	// Pointer returns a pointer to the value itself.
	Pointer() any
	// Copy returns arguments of their own memory, how many bytes they take, and
	// whether they share data with these.
	Copy() (dup Arguments, bytes int64, shares bool)
	// Equal reports whether other is of the same type of task and equal.
	Equal(other any) bool
	// Check returns why they cannot be used, nil if they can; async ones must
	// survive JSON.
	Check(async bool) error
	// Payload returns them as JSON, secrets included.
	Payload() (json.RawMessage, error)
	// Shown returns them as JSON for journals, without secrets. It never fails.
	Shown() json.RawMessage
	// Redacted reports whether Shown leaves out what Payload has.
	Redacted() bool
}

// Kept is a faithful copy of what a task returned, as the journal keeps it.
type Kept struct {
	Value any
	Bytes int64                  // that it holds
	Shown func() json.RawMessage // as JSON, without secrets
}

// frozen are arguments that show what they were when they were copied, since
// the copy shares data with the original.
type frozen struct {
	Arguments
	shown json.RawMessage
}

// Freeze returns args that show what they are now, whatever becomes of the
// data that they share, and how many bytes that takes.
func Freeze(args Arguments) (Arguments, int64) {
	shown := args.Shown()
	return frozen{args, shown}, int64(len(shown))
}

func (f frozen) Shown() json.RawMessage { return f.shown }

func (f frozen) Copy() (Arguments, int64, bool) {
	dup, bytes, shares := f.Arguments.Copy()
	return frozen{dup, f.shown}, bytes + int64(len(f.shown)), shares
}

// dropped stands for arguments that the journal has dropped.
type dropped struct {
	Arguments
	task *Task
}

func (d dropped) Task() *Task            { return d.task }
func (d dropped) Shown() json.RawMessage { return nil }

package record

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/saferunner/saferunner/internal/entryid"
	"github.com/saferunner/saferunner/journal"
)

// Run is one execution of a list of calls: its records, their states and
// attempts. It is a [journal.Source].
//
// Each call goes through the statuses of package journal. Three rules say who
// may touch what:
//
//   - The status of a call is atomic. Until the journal or an engine has seen
//     the run, only the goroutine of Run changes anything.
//   - A sync call has one writer, the goroutine of Run or of Perform. It writes
//     the call's history first and the status that tells of it afterwards. So
//     whoever reads the status may read what that status promises: of a running
//     call when it started, of one that has ended all.
//   - An async call has several: workers, Shutdown, Cancel. The lock of the
//     call guards its history and each step of its status. In a run that
//     executes each call has its own, so that workers do not wait for each
//     other; in one that is recorded, where a test may perform a call, all
//     have mu.
//
// The original results and errors are with the [Waiter], which the run lets
// go of when its last call has ended, so that a journal that holds the run
// does not keep them alive. If that journal has dropped the run before, it does
// not keep the Waiter alive meanwhile either.
type Run struct {
	RunID  string
	Caller uintptr // where Run was called
	At     time.Time
	Calls  []Call

	foreign   *Foreign  // for a run that another process began
	histories []History // one for each call; nil where none has executed
	id        uint32    // the count in the run's ID; those of its calls follow

	initial    uint8 // status of the calls that have none of their own
	RecordOnly bool  // nothing of it may ever execute
	Keyed      bool  // a call has a key
	Unowned    bool  // it is noted as one that no test owns; under the lock of these notes

	// Counted is what the in-memory journal counts the run for, under the lock
	// of that journal. Without bytes it does not count the run.
	CountedBytes int64
	CountedCalls int32

	going  atomic.Int32 // what goes on: Run, and async calls that were queued; with the bits below
	growth atomic.Int64 // bytes by which the run has grown that the journal does not count yet
	mu     sync.Mutex   // guards what the Waiter holds, and which it is
	waiter *Waiter      // nil while nothing was queued, and when nothing will be told any more
}

// Bits of going, which stay once they are set.
const (
	deferredBit = 1 << (27 + iota) // it waits for a transaction, or goes on after that
	queuedBit                      // something was queued
	lateBit                        // a call was interrupted, which may still end
	keptBit                        // a journal beyond its bound keeps the run until it has ended
	countBits   = deferredBit - 1
)

// Foreign is what the process that works a delivery knows of its run.
type Foreign struct{ Run, Entry, Caller string }

// Call is one call of a run.
type Call struct {
	Args    Arguments
	Options *Options
	status  atomic.Uint32
	bytes   uint32 // that its arguments take
}

// Init begins a run of these calls, whose Args and Options are to be set. If
// one may execute, there is a history for each, zero as the calls are. Without
// histories all are recorded, and no step of Run follows.
func (r *Run) Init(calls []Call, histories []History) {
	r.Calls, r.histories = calls, histories
	if histories == nil {
		r.initial = uint8(recorded)
	} else {
		r.going.Store(1)
	}
	r.At = time.Now()
	r.id = entryid.Take(len(calls) + 1)
}

// lock locks call i.
func (r *Run) lock(i int) *sync.Mutex {
	mu := &r.mu
	if uint32(r.initial) == none { // there is a history for each call from the beginning
		mu = &r.histories[i].mu
	}
	mu.Lock()
	return mu
}

// Delivered returns the run of one call that another process began.
func Delivered(f Foreign, runID string, at time.Time) *Run {
	return &Run{RunID: runID, At: at, foreign: &f, Calls: make([]Call, 1), histories: make([]History, 1)}
}

// ID returns the ID of the run, empty for a zero one.
func (r *Run) ID() string {
	switch {
	case r.foreign != nil:
		return r.foreign.Run
	case r.At.IsZero():
		return ""
	}
	return entryid.Text(r.At, r.id)
}

// EntryID returns the ID of the entry of call i.
func (r *Run) EntryID(i int) string {
	if r.foreign != nil {
		return r.foreign.Entry
	}
	return entryid.Text(r.At, r.id+uint32(i)+1)
}

// Before reports whether the IDs of r come before those of other. Both are
// of this process.
func (r *Run) Before(other *Run) bool {
	if at, others := r.At.UnixMilli(), other.At.UnixMilli(); at != others {
		return at < others
	}
	return r.id < other.id
}

// Compare is Before for sorting.
func (r *Run) Compare(other *Run) int {
	switch {
	case r == other:
		return 0
	case r.Before(other):
		return -1
	}
	return 1
}

// Task returns the task of call i.
func (r *Run) Task(i int) *Task {
	defer r.lock(i).Unlock()
	return r.Calls[i].Args.Task()
}

// Arguments returns those of call i; false if a journal has dropped them, or
// hides the call.
func (r *Run) Arguments(i int) (args Arguments, ok bool) {
	defer r.lock(i).Unlock()
	if !r.Seen(i) {
		return nil, false
	}
	args = r.Calls[i].Args
	_, gone := args.(dropped)
	return args, !gone
}

// Key returns the key of call i, empty for none.
func (r *Run) Key(i int) string {
	if o := r.Calls[i].Options; o != nil {
		return o.Key
	}
	return ""
}

// Status returns where call i stands, empty if its list has not reached it.
func (r *Run) Status(i int) journal.Status { return statuses[r.code(i)] }

func (r *Run) code(i int) uint32 {
	if s := r.Calls[i].status.Load() &^ droppedBit; s != none {
		return s
	}
	return uint32(r.initial)
}

// Defer says that the run waits for a transaction.
func (r *Run) Defer() { r.going.Or(deferredBit) }

// Undefer says that it has been run, or forgotten.
func (r *Run) Undefer() { r.going.And(^deferredBit) }

// Deferred reports whether it waits, or has begun since and goes on.
func (r *Run) Deferred() bool { return r.going.Load()&deferredBit != 0 }

// Settle gives a call a status that needs no history.
func (r *Run) Settle(i int, s journal.Status) { r.Calls[i].set(codeOf(s)) }

// set changes the status, but not whether the call was dropped: that may be
// noted at the same time. Only one goroutine at a time sets it.
func (c *Call) set(code uint32) { c.status.Add(code - c.status.Load()&^droppedBit) }

// Statuses as numbers, so that they can be atomic.
const (
	none uint32 = iota
	done
	failed
	recorded
	stubbed
	queued
	running
	skipped
	duplicate
	interrupted
	cancelled

	droppedBit = 1 << 31 // the journal has dropped the call
)

var statuses = [...]journal.Status{
	none: "", done: journal.StatusDone, failed: journal.StatusFailed, recorded: journal.StatusRecorded,
	stubbed: journal.StatusStubbed, queued: journal.StatusQueued, running: journal.StatusRunning,
	skipped: journal.StatusSkipped, duplicate: journal.StatusDuplicate, interrupted: journal.StatusInterrupted,
	cancelled: journal.StatusCancelled,
}

// codeOf returns the number of a status. One that this version does not know
// counts as running: it has not ended.
func codeOf(s journal.Status) uint32 {
	switch s {
	case "":
		return none
	case journal.StatusDone:
		return done
	case journal.StatusFailed:
		return failed
	case journal.StatusRecorded:
		return recorded
	case journal.StatusStubbed:
		return stubbed
	case journal.StatusQueued, journal.StatusHeld:
		return queued
	case journal.StatusSkipped:
		return skipped
	case journal.StatusDuplicate:
		return duplicate
	case journal.StatusInterrupted:
		return interrupted
	case journal.StatusCancelled:
		return cancelled
	default:
		return running
	}
}

// Index returns which call of the run has this entry ID.
func (r *Run) Index(id string) (int, bool) {
	i := 0
	if r.foreign == nil {
		i = entryid.CountOf(id) - int(r.id) - 1
	}
	return i, 0 <= i && i < len(r.Calls) && r.EntryID(i) == id
}

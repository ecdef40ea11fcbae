package record

import (
	"sync"
	"sync/atomic"
	"time"

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
//   - An async call has several: workers, Shutdown, Cancel. mu guards its
//     history and each step of its status.
//
// The original results and errors are with the [Waiter], which the run lets
// go of when its last call has ended, so that a journal that holds the run
// does not keep them alive.
type Run struct {
	RunID      string
	Caller     uintptr // where Run was called
	At         time.Time
	RecordOnly bool // nothing of it may ever execute
	Unowned    bool // it is noted as one that no test owns; under the lock of these notes
	Calls      []Call

	ids     block
	foreign *Foreign // for a run that another process began

	// Counted is what the in-memory journal counts the run for, if it does,
	// under the lock of that journal.
	Counted struct {
		Is    bool
		Calls int
		Bytes int64
	}

	// Growth is by how many bytes the run has grown that the journal does not
	// count yet.
	Growth atomic.Int64

	initial   uint32    // status of the calls that have none of their own
	histories []history // one for each call; nil where none has executed

	mu       sync.Mutex
	finished bool // Run has returned
	left     int  // async calls that were queued and have not ended
	waiter   *Waiter
	kept     bool // by a journal beyond its bound, until it has ended
}

// Foreign is what the process that works a delivery knows of its run.
type Foreign struct{ Run, Entry, Caller string }

// Call is one call of a run.
type Call struct {
	Args    Arguments
	Options *Options
	status  atomic.Uint32
	bytes   uint32 // that its arguments hold beside themselves
}

// The calls of a short run that executes are one allocation with it, and so
// are their histories.
type (
	singleLive struct {
		Run
		space     [1]Call
		histories [1]history
	}
	shortLive struct {
		Run
		space     [4]Call
		histories [4]history
	}
)

// New returns a run of n calls that may execute: there is room for what
// becomes of them. Their Args and Options are to be set.
func New(n int) *Run {
	var r *Run
	var calls []Call
	switch {
	case n == 1:
		s := new(singleLive)
		r, calls = &s.Run, s.space[:]
		r.histories = s.histories[:]
	case n <= len(shortLive{}.space):
		s := new(shortLive)
		r, calls = &s.Run, s.space[:n:n]
		r.histories = s.histories[:n:n]
	default:
		r, calls = new(Run), make([]Call, n)
		r.histories = make([]history, n)
	}
	r.Init(calls)
	r.finished = false
	return r
}

// Init begins a run of these calls, of which none executes but by a test's
// Perform. r is zero, and calls are.
func (r *Run) Init(calls []Call) {
	r.Calls = calls
	r.At = time.Now()
	r.ids = newBlock(r.At, len(calls)+1)
	r.finished = true
}

// Delivered returns the run of one call that another process began.
func Delivered(f Foreign, runID string, at time.Time) *Run {
	s := new(singleLive)
	s.Run = Run{RunID: runID, At: at, foreign: &f, Calls: s.space[:], histories: s.histories[:]}
	return &s.Run
}

// ID returns the ID of the run.
func (r *Run) ID() string {
	if r.foreign != nil {
		return r.foreign.Run
	}
	return r.ids.text(0)
}

// EntryID returns the ID of the entry of call i.
func (r *Run) EntryID(i int) string {
	if r.foreign != nil {
		return r.foreign.Entry
	}
	return r.ids.text(i + 1)
}

// Before reports whether the IDs of r come before those of other. Both are
// of this process.
func (r *Run) Before(other *Run) bool {
	if r.ids.millis != other.ids.millis {
		return r.ids.millis < other.ids.millis
	}
	return r.ids.first < other.ids.first
}

// Task returns the task of call i.
func (r *Run) Task(i int) *Task { return r.arguments(i).Task() }

// arguments returns those of call i, which a journal may drop.
func (r *Run) arguments(i int) Arguments {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Calls[i].Args
}

// Key returns the key of call i, empty for none.
func (r *Run) Key(i int) string { return r.Calls[i].Options.IdempotencyKey() }

// Status returns where call i stands, empty if its list has not reached it.
func (r *Run) Status(i int) journal.Status { return statuses[r.code(i)] }

func (r *Run) code(i int) uint32 {
	if s := r.Calls[i].status.Load() &^ droppedBit; s != none {
		return s
	}
	return r.initial
}

// Settle gives a call a status that needs no history.
func (r *Run) Settle(i int, s journal.Status) { r.Calls[i].set(codeOf(s)) }

// set changes the status. A call that was dropped stays so.
func (c *Call) set(code uint32) {
	for {
		old := c.status.Load()
		if c.status.CompareAndSwap(old, code|old&droppedBit) {
			return
		}
	}
}

// Record makes recorded what has no status of its own. It is called before
// the journal has seen the run.
func (r *Run) Record() { r.initial = recorded }

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
	case journal.StatusHeld:
		return queued
	case "":
		return none
	}
	for code, known := range statuses {
		if known == s {
			return uint32(code)
		}
	}
	return running
}

// Index returns which call of the run has this entry ID.
func (r *Run) Index(id string) (int, bool) {
	i := 0
	if r.foreign == nil {
		i = r.ids.index(id) - 1
	}
	return i, 0 <= i && i < len(r.Calls) && r.EntryID(i) == id
}

// Keyed reports whether a call of the run has a key.
func (r *Run) Keyed() bool {
	for i := range r.Calls {
		if r.Key(i) != "" {
			return true
		}
	}
	return false
}

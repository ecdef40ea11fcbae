package liveness

import (
	"time"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/journal"
)

// Why a call has ended whose process is dead.
const (
	endNotSeen  = "its end was not seen: the process that executed it is gone"
	neverBegan  = "it did not begin: the process that had queued it is gone"
	noNextStart = "it was not tried again: the process that had queued it is gone"
)

// Verdict returns what becomes of a call that is queued or running when its
// process is found dead at now. A running one is interrupted, since it may have
// taken effect; a queued one is cancelled. The attempts say why there are no
// more; those that were given are changed.
func Verdict(s journal.Status, attempts []journal.Attempt, now time.Time) (journal.Status, []journal.Attempt) {
	n := len(attempts)
	switch {
	case s == journal.StatusRunning && (n == 0 || !attempts[n-1].Finished.IsZero()):
		return journal.StatusInterrupted, append(attempts, journal.Attempt{Finished: now, Error: endNotSeen})
	case s == journal.StatusRunning:
		attempts[n-1].Finished, attempts[n-1].Error = now, endNotSeen
		return journal.StatusInterrupted, attempts
	case n == 0:
		return journal.StatusCancelled, []journal.Attempt{{Error: neverBegan}}
	}
	return journal.StatusCancelled, append(attempts, journal.Attempt{Error: noNextStart})
}

// Pending reports whether a call with this status is lost when its process
// dies, so that its entry names the process.
func Pending(s journal.Status) bool { return s == journal.StatusQueued || s == journal.StatusRunning }

// Mode is the gate's, as the row of a process shows it: live, record or
// unknown.
func Mode() string {
	switch m, _ := gate.Current(); m {
	case gate.Live:
		return "live"
	case gate.Record:
		return "record"
	default:
		return "unknown"
	}
}

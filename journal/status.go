package journal

// Status says where a call stands. A later version may have more of them:
// [Status.Final] and [Status.KeepsKey] are false for a status that this version
// does not know.
type Status string

// The statuses of a call. A sync call that executes goes from running to done or
// failed. An async call that executes begins as queued. It is running in each
// attempt, queued again before the next, and ends as done, failed, cancelled or
// interrupted. Any other call has its final status at once; only a recorded call
// may still be performed by its test, or cancelled.
const (
	StatusDone        Status = "done"        // it executed and returned no error
	StatusFailed      Status = "failed"      // it executed and failed, could not begin or be queued, or a test made it fail
	StatusRecorded    Status = "recorded"    // test mode: written down instead of executed
	StatusStubbed     Status = "stubbed"     // test mode: answered by a stub
	StatusQueued      Status = "queued"      // waiting for a worker, its time or its next attempt
	StatusRunning     Status = "running"     // executing now
	StatusSkipped     Status = "skipped"     // not made, since an earlier call of its list failed or ctx ended
	StatusDuplicate   Status = "duplicate"   // another call holds its key
	StatusInterrupted Status = "interrupted" // it had begun, and its end was not seen
	StatusHeld        Status = "held"        // queued, and its task is paused; worked out when read, never written
	StatusDeferred    Status = "deferred"    // it waits for Commit of its Defer; only in a Report, never written
	StatusCancelled   Status = "cancelled"   // Cancel or Shutdown ended it: before it began, before its next attempt, or by ending its ctx
)

// Final reports whether a call with this status has ended: it does not change any
// more by itself. Final is false for a status that this version does not know,
// since a newer process may still execute such a call.
func (s Status) Final() bool {
	switch s {
	case StatusDone, StatusFailed, StatusRecorded, StatusStubbed, StatusSkipped, StatusDuplicate, StatusInterrupted, StatusCancelled:
		return true
	default:
		return false
	}
}

// KeepsKey reports whether a call with this status holds the key that it claimed.
// A call that failed, was cancelled or never began has given it back.
func (s Status) KeepsKey() bool {
	switch s {
	case StatusQueued, StatusHeld, StatusRunning, StatusDone, StatusInterrupted:
		return true
	default:
		return false
	}
}

// FinalStatuses returns the statuses for which [Status.Final] is true.
func FinalStatuses() []Status {
	return []Status{StatusDone, StatusFailed, StatusRecorded, StatusStubbed, StatusSkipped, StatusDuplicate, StatusInterrupted, StatusCancelled}
}

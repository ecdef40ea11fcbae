package journal

// Status says where a call stands. A later version may add some: [Status.Final]
// and [Status.KeepsKey] are false for those that this one does not know.
type Status string

// What can become of a call. A sync call goes from running to done or failed.
// An async one begins as queued, is running in each attempt, queued again
// before the next, and ends as done, failed, cancelled or interrupted. The
// others are ends at once.
const (
	StatusDone        Status = "done"        // it executed and returned no error
	StatusFailed      Status = "failed"      // it executed and failed, its key could not be claimed, it could not be queued, or a fault was injected
	StatusRecorded    Status = "recorded"    // test mode: written down instead of executed
	StatusStubbed     Status = "stubbed"     // test mode: answered by a stub
	StatusQueued      Status = "queued"      // waiting for a worker, its time or its next attempt
	StatusRunning     Status = "running"     // executing now
	StatusSkipped     Status = "skipped"     // not made, since an earlier call of its list failed or ctx ended
	StatusDuplicate   Status = "duplicate"   // another call holds its key
	StatusInterrupted Status = "interrupted" // it had begun, and its end was not seen
	StatusHeld        Status = "held"        // queued, and its task is paused; worked out when read, never written
	StatusCancelled   Status = "cancelled"   // taken out: before it began, before its next attempt, or by ending its ctx
)

// Final reports whether a call with this status will not change any more by
// itself. It is false for a status that this version does not know: a newer
// process may still work on such a call.
func (s Status) Final() bool {
	switch s {
	case StatusDone, StatusFailed, StatusRecorded, StatusStubbed, StatusSkipped, StatusDuplicate, StatusInterrupted, StatusCancelled:
		return true
	default:
		return false
	}
}

// KeepsKey reports whether a call with this status still holds the key that
// it claimed: one that failed, or never began, has given it back.
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

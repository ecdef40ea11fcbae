package saferunner

// Status says where a call stands. More may be added: treat one that you do
// not know as "not final" only if [Status.Final] says so.
type Status string

// What can become of a call.
const (
	StatusDone        Status = "done"        // it executed and returned no error
	StatusFailed      Status = "failed"      // it executed and failed, could not be queued, or a fault was injected
	StatusRecorded    Status = "recorded"    // test mode: written down instead of executed
	StatusStubbed     Status = "stubbed"     // test mode: answered by a stub
	StatusQueued      Status = "queued"      // waiting for a worker, its time or its next attempt
	StatusRunning     Status = "running"     // executing now
	StatusSkipped     Status = "skipped"     // an earlier call of its list failed
	StatusDuplicate   Status = "duplicate"   // another call holds its key
	StatusInterrupted Status = "interrupted" // it had begun, and its end was not seen
	StatusHeld        Status = "held"        // kept back until a person releases it
	StatusCancelled   Status = "cancelled"   // taken out before it began
)

// Final reports whether a call with this status will not change any more by
// itself.
func (s Status) Final() bool {
	return s != StatusQueued && s != StatusRunning && s != StatusHeld
}

// keepsKey reports whether a call with this status still holds the key that
// it claimed: one that failed, or never began, has given it back.
func (s Status) keepsKey() bool {
	switch s {
	case StatusQueued, StatusRunning, StatusDone, StatusInterrupted:
		return true
	default:
		return false
	}
}

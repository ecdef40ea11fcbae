package screen

import "github.com/saferunner/saferunner/journal"

// Symbol returns the sign of a status and its style.
func Symbol(status journal.Status) (string, Style) {
	switch status {
	case journal.StatusDone:
		return "✓", Green
	case journal.StatusFailed, journal.StatusInterrupted:
		return "✗", Red
	case journal.StatusRecorded, journal.StatusStubbed:
		return "●", Cyan
	case journal.StatusQueued, journal.StatusRunning, journal.StatusHeld:
		return "…", Yellow
	default: // skipped, duplicate, cancelled, and what is not known yet
		return "–", Dim
	}
}

package screen

import "github.com/saferunner/saferunner"

// Symbol returns the sign of a status and its style.
func Symbol(status saferunner.Status) (string, Style) {
	switch status {
	case saferunner.StatusDone:
		return "✓", Green
	case saferunner.StatusFailed, saferunner.StatusInterrupted:
		return "✗", Red
	case saferunner.StatusRecorded, saferunner.StatusStubbed:
		return "●", Cyan
	case saferunner.StatusQueued, saferunner.StatusRunning, saferunner.StatusHeld:
		return "…", Yellow
	default: // skipped, duplicate, cancelled, and what is not known yet
		return "–", Dim
	}
}

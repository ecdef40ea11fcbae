package riverengine

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// allowed is how many attempts a job may have: those that it was sent with,
// without those that its task has lost since. One that is to run again by
// hand has more than it was sent with.
func allowed(job *rivertype.JobRow, sent, now engine.RetryPolicy) int {
	return job.MaxAttempts - max(0, sent.Attempts()-now.Attempts())
}

// once reports whether a call is executed again only by hand. How many
// attempts its job may have does not tell: each by hand adds one.
func once(sent, now engine.RetryPolicy) bool {
	return min(sent.Attempts(), now.Attempts()) <= 1
}

// past is what River notes of the attempts before.
type past struct {
	Snoozes int `json:"snoozes"`
	Rescues int `json:"river:rescue_count"`
}

func pastOf(job *rivertype.JobRow) (p past) {
	_ = json.Unmarshal(job.Metadata, &p) // if it cannot be read, there were none
	return p
}

// begun is how many attempts of a job have begun that count, with those that a
// stop has cut short, which River does not count.
func begun(job *rivertype.JobRow) int { return len(job.AttemptedBy) - pastOf(job).Snoozes }

// spent says why a job is not to be executed once more, and what becomes of
// its call: it had attempts that its task does not allow by now.
func spent(job *rivertype.JobRow, allowed int) (journal.Status, error) {
	past, begun := pastOf(job), begun(job)
	if job.Attempt <= allowed && (allowed > 1 || begun <= 1) {
		return "", nil
	}
	reason := fmt.Errorf("not executed again: in this version of the program its task allows %d attempts", allowed)
	if allowed <= 1 {
		reason = errors.New("not executed again: in this version of the program its task has no Retry")
	}
	if begun > job.Attempt || past.Rescues > 0 {
		return journal.StatusInterrupted, fmt.Errorf("%w; the end of an attempt was not seen: look whether it took effect before you run the call again by hand", reason)
	}
	return journal.StatusFailed, reason
}

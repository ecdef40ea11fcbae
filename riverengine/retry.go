package riverengine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// limits returns those that hold for a call of a task as it was sent and as
// it is now: whichever allows less. How long to wait before the next attempt
// the task says as it is now.
func (e *Engine) limits(sent, now engine.TaskSpec) engine.TaskSpec {
	spec := sent
	spec.Timeout = min(cmp.Or(sent.Timeout, e.timeout), cmp.Or(now.Timeout, e.timeout))
	spec.Retry = now.Retry
	if sent.Retry.Attempts() < now.Retry.Attempts() {
		spec.Retry.MaxAttempts = sent.Retry.MaxAttempts
	}
	return spec
}

// spent says why a job is not to be executed once more, though the ending of
// its last attempt asked for that, and what becomes of its call: its task has
// lost attempts since. One that a person runs again is executed once.
func spent(job *rivertype.JobRow, sent, now engine.RetryPolicy) (journal.Status, error) {
	var past struct {
		Again   *int   `json:"again"` // after how many attempts a person has run it again; the triggers write it
		Rescues int    `json:"river:rescue_count"`
		Output  output `json:"output"`
	}
	_ = json.Unmarshal(job.Metadata, &past)
	allowed := now.Attempts()
	switch {
	case allowed >= sent.Attempts():
		return "", nil
	case past.Again != nil && job.Attempt <= *past.Again+1:
		return "", nil
	case job.Attempt <= allowed && !(allowed == 1 && past.Output.Stopped):
		return "", nil
	}
	reason := fmt.Errorf("not executed again: in this version of the program its task allows %d attempts", allowed)
	if allowed == 1 {
		reason = errors.New("not executed again: in this version of the program its task has no Attempts")
	}
	if past.Output.Stopped || past.Rescues > 0 {
		return journal.StatusInterrupted, fmt.Errorf("%w; the end of an attempt was not seen: look whether it took effect before you run the call again by hand", reason)
	}
	return journal.StatusFailed, reason
}

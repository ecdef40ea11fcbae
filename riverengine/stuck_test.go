package riverengine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A call that is to be cancelled has its time to end, as any other has.
func TestCancelledCallIsNotStuck(t *testing.T) {
	e := openTestFile(t, testFile(t))
	for name, tt := range map[string]struct {
		runs    time.Duration
		visible bool
	}{
		"within its time": {5 * time.Second, false},
		"beyond its time": {time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now().Add(-tt.runs)
			row := &rivertype.JobRow{
				Kind: note.Name, AttemptedAt: &begun, Attempt: 1, MaxAttempts: 1,
				Metadata: fmt.Appendf(nil, `{"call":%q,"cancel_attempted_at":"2026-01-02T03:04:05Z"}`, head{timeout: 20 * time.Second}),
			}
			e.prepare(row)
			if visible := strings.Contains(string(row.Metadata), "cancel_attempted_at"); visible != tt.visible || !strings.Contains(string(row.Metadata), "call") {
				t.Errorf("River sees %s", row.Metadata)
			}
		})
	}
}

// The loss of a call that was to be cancelled is logged like that of any other.
func TestCancelledCallOfDeadProcessIsLogged(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		var log logged
		e := open(Logger(log.logger()))
		id := submit(t, e, engine.Job{Task: quick}).Jobs[0].EntryID
		strand(t, e)
		if ok, err := e.Cancel(t.Context(), id); err != nil || !ok {
			t.Fatalf("Cancel: %v, %v", ok, err)
		}
		works(t, e, nothing, note)
		becomes(t, e, id, journal.StatusInterrupted)
		if s := state(t, e, id); s != string(rivertype.JobStateCancelled) {
			t.Errorf("its job is %s", s)
		}
		waitFor(t, 10*time.Second, "the leader to log", func() bool {
			return strings.Contains(log.String(), "async call interrupted") && strings.Contains(log.String(), "entry="+id)
		})
	})
}

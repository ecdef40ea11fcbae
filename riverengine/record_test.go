package riverengine

import (
	"context"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// A runner in record mode, which that of a test is, leaves its engine alone:
// it hands nothing over and takes nothing.
func TestRecordMode(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		queued := submit(t, e, engine.Job{Task: note}).Jobs[0].EntryID
		task := saferunner.Define(note.Name, func(context.Context, string) error {
			t.Error("executed in record mode")
			return nil
		})
		r, err := saferunner.New(saferunner.WithEngine(e))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		report, err := r.Run(t.Context(), "order.created", task.With("x").Async())
		if err != nil || len(report.Outcomes()) != 1 || report.Outcomes()[0].Status != journal.StatusRecorded {
			t.Errorf("Run: %v, %+v", err, report.Outcomes())
		}
		if err := report.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		works(t, e, nothing, note) // the runner has not begun: it can
		becomes(t, e, queued, journal.StatusDone)
		if entry := entryOf(t, e, report.Outcomes()[0].EntryID); entry.Status != journal.StatusRecorded {
			t.Errorf("the recorded call is %s", entry.Status)
		}
		if n := count(t, e, "@entries WHERE process <> ''"); n != 0 {
			t.Errorf("%d recorded calls can be lost with a process", n)
		}
	})
}

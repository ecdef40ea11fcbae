package riverengine

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Tasks whose calls wait and that nobody works are logged once; those that
// somebody works, or whose time has not come, are not.
func TestUnworkedTasks(t *testing.T) {
	before := gatherPause
	gatherPause = 200 * time.Millisecond
	defer func() { gatherPause = before }()
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		var log, quiet logged
		e := open(Logger(slog.New(slog.NewTextHandler(&log, nil))))
		other := open(Concurrency(1), Logger(slog.New(slog.NewTextHandler(&quiet, nil))))
		busy, gone := engine.TaskSpec{Name: "of.others", Timeout: time.Minute}, make(chan struct{})
		works(t, other, func(ctx context.Context, d engine.Delivery) error {
			<-gone
			return nil
		}, busy)
		waits := submit(t, e, engine.Job{Task: busy}, engine.Job{Task: busy}, engine.Job{Task: engine.TaskSpec{Name: "later.on"}, NotBefore: time.Now().Add(time.Hour)})
		becomes(t, e, waits.Jobs[0].EntryID, journal.StatusRunning)
		long := strings.Repeat("x", 128)
		submit(t, e, engine.Job{Task: engine.TaskSpec{Name: "un.known"}}, engine.Job{Task: engine.TaskSpec{Name: "un.known"}}, engine.Job{Task: engine.TaskSpec{Name: long}})
		works(t, e, nothing, note)
		logs := func(task string) int {
			return strings.Count(log.String(), "for a minute: start one that names the task to Start, or look whether those that do are busy\" task="+task+"\n")
		}
		waitFor(t, 15*time.Second, "the unknown tasks to be logged", func() bool { return logs("un.known") > 0 && logs(long) > 0 })
		submit(t, e, engine.Job{Task: engine.TaskSpec{Name: "un.known.too"}})
		waitFor(t, 15*time.Second, "a later one to be logged", func() bool { return logs("un.known.too") > 0 })
		for task, want := range map[string]int{"un.known": 1, long: 1, "un.known.too": 1, busy.Name: 0, "later.on": 0, note.Name: 0} {
			if n := logs(task); n != want {
				t.Errorf("%s is logged %d times, want %d", task, n, want)
			}
		}
		close(gone)
		becomes(t, e, waits.Jobs[1].EntryID, journal.StatusDone)
	})
}

package riverengine

import (
	"context"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// What waits in the queue that a task had in another version is worked,
// whether it was queued before Start or after it.
func TestQueueOfTaskChanges(t *testing.T) {
	before := gatherPause
	gatherPause = 100 * time.Millisecond
	defer func() { gatherPause = before }()
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		sender, e := open(), open()
		old, now := note, note
		old.Queue, now.Queue = "Old/queue", "new"
		early := submit(t, sender, engine.Job{Task: old}, engine.Job{Task: engine.TaskSpec{Name: "of.others", Queue: "Old/queue"}})
		works(t, e, nothing, now)
		becomes(t, e, early.Jobs[0].EntryID, journal.StatusDone)
		late := submit(t, sender, engine.Job{Task: old}, engine.Job{Task: old, NotBefore: time.Now().Add(300 * time.Millisecond)})
		for _, j := range late.Jobs {
			becomes(t, e, j.EntryID, journal.StatusDone)
		}
		other := early.Jobs[1].EntryID
		if entry := entryOf(t, e, other); entry.Status != journal.StatusQueued {
			t.Errorf("a call of a task that nobody knows is %s", entry.Status)
		}
		var queue string
		err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&queue) }, "SELECT queue FROM @river_job WHERE metadata->>'entry' = $1", other)
		if err != nil || queue != queueOf("Old/queue") {
			t.Errorf("it has been moved to %q, %v", queue, err)
		}
	})
}

// An old version and a new one, which both work a task, and each in its own
// queue, execute every call once.
func TestQueueOfTaskDiffers(t *testing.T) {
	before := gatherPause
	gatherPause = 1500 * time.Millisecond
	defer func() { gatherPause = before }()
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		const n = 200
		delivered := make(chan string, 2*n)
		var batches []engine.Batch
		for _, queue := range []string{"old", "new"} {
			spec := note
			spec.Queue = queue
			e := open(Concurrency(2))
			works(t, e, func(_ context.Context, d engine.Delivery) error {
				time.Sleep(20 * time.Millisecond)
				delivered <- d.EntryID
				return nil
			}, spec)
			jobs := make([]engine.Job, n/2)
			for i := range jobs {
				jobs[i].Task = spec
			}
			batches = append(batches, submit(t, e, jobs...))
		}
		e := open()
		for _, b := range batches {
			for _, j := range b.Jobs {
				becomes(t, e, j.EntryID, journal.StatusDone)
			}
		}
		if len(delivered) != n {
			t.Errorf("%d calls were executed %d times", n, len(delivered))
		}
	})
}

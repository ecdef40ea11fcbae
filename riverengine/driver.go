package riverengine

import (
	"context"
	"encoding/json"

	"github.com/riverqueue/river/riverdriver"
)

// riverDriver is River's, with two changes: the engine judges stuck jobs, and
// where there is a wake-up, it takes the place of notifications by the database.
type riverDriver[TTx any] struct {
	riverdriver.Driver[TTx]
	engine *Engine
	wake   *wakeup
}

func (d riverDriver[TTx]) GetExecutor() riverdriver.Executor {
	return executor{d.Driver.GetExecutor(), d.engine}
}

func (d riverDriver[TTx]) SupportsListenNotify() bool {
	return d.wake == nil && d.Driver.SupportsListenNotify()
}

func (d riverDriver[TTx]) SupportsListener() bool { return true }

func (d riverDriver[TTx]) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	if d.wake != nil {
		return d.wake
	}
	return d.Driver.GetListener(p)
}

// wakeup tells the workers of this process at once of what is committed in
// it. Other processes poll.
type wakeup struct{ notes chan riverdriver.Notification }

func newWakeup() *wakeup { return &wakeup{make(chan riverdriver.Notification, 256)} }

// inserted says that queues have new jobs. What does not fit is no loss: the
// workers poll as well.
func (w *wakeup) inserted(queue string) { w.note("river_insert", map[string]any{"queue": queue}) }

// cancelled says that a running job is to be cancelled.
func (w *wakeup) cancelled(queue string, job int64) {
	w.note("river_control", map[string]any{"action": "cancel", "job_id": job, "queue": queue})
}

func (w *wakeup) note(topic string, what map[string]any) {
	payload, _ := json.Marshal(what) // of strings and numbers: never fails
	select {
	case w.notes <- riverdriver.Notification{Topic: topic, Payload: string(payload)}:
	default:
	}
}

func (w *wakeup) Close(context.Context) error            { return nil }
func (w *wakeup) Connect(context.Context) error          { return nil }
func (w *wakeup) Listen(context.Context, string) error   { return nil }
func (w *wakeup) Unlisten(context.Context, string) error { return nil }
func (w *wakeup) Ping(context.Context) error             { return nil }
func (w *wakeup) Schema() string                         { return "" }
func (w *wakeup) SetAfterConnectExec(string)             {}

func (w *wakeup) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case n := <-w.notes:
		return &n, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func driverOf[TTx any](d riverdriver.Driver[TTx], e *Engine, wake *wakeup) riverdriver.Driver[TTx] {
	return riverDriver[TTx]{d, e, wake}
}

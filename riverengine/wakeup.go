package riverengine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/riverqueue/river/riverdriver"
)

// lookInterval is how soon a cancellation by another process is seen.
const lookInterval = time.Second

// wakeup is the listener of workers on SQLite. It tells them at once of what
// is queued within this process, and of cancellations, which River leaves in
// a table: of its own at once, of others when it looks there next. River's own
// listener looks 20 times as often, and writes each batch into that table.
type wakeup struct {
	db    session
	notes chan riverdriver.Notification
	look  chan struct{}

	// of the goroutine that waits
	found []riverdriver.Notification
	last  int64 // the newest of the table that is known
	next  time.Time
}

const controlTopic = "river_control" // River's

func newWakeup(db session) *wakeup {
	return &wakeup{db: db, notes: make(chan riverdriver.Notification, 256), look: make(chan struct{}, 1)}
}

// inserted says that a queue has new jobs. What does not fit is no loss: the
// workers poll as well.
func (w *wakeup) inserted(queue string) {
	payload, _ := json.Marshal(map[string]string{"queue": queue}) // never fails
	select {
	case w.notes <- riverdriver.Notification{Topic: "river_insert", Payload: string(payload)}:
	default:
	}
}

// cancelled says that a running job is to be cancelled.
func (w *wakeup) cancelled() {
	select {
	case w.look <- struct{}{}:
	default:
	}
}

// Connect forgets what was in the table before.
func (w *wakeup) Connect(ctx context.Context) error {
	return w.db.query(ctx, func(scan scan) error { return scan(&w.last) }, "SELECT coalesce(max(id), 0) FROM @river_notification")
}

func (w *wakeup) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	for len(w.found) == 0 {
		select {
		case n := <-w.notes:
			return &n, nil
		case <-w.look:
		case <-time.After(time.Until(w.next)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		w.next = time.Now().Add(lookInterval)
		w.lookUp(ctx)
	}
	n := w.found[0]
	w.found = w.found[1:]
	return &n, nil
}

// lookUp reads what is new in the table. If it cannot, the next look will.
func (w *wakeup) lookUp(ctx context.Context) {
	_ = w.db.query(ctx, func(scan scan) error {
		n := riverdriver.Notification{Topic: controlTopic}
		err := scan(&w.last, &n.Payload)
		if err == nil {
			w.found = append(w.found, n)
		}
		return err
	}, "SELECT id, payload FROM @river_notification WHERE topic = $1 AND id > $2 ORDER BY id", controlTopic, w.last)
}

func (w *wakeup) Close(context.Context) error            { return nil }
func (w *wakeup) Listen(context.Context, string) error   { return nil }
func (w *wakeup) Unlisten(context.Context, string) error { return nil }
func (w *wakeup) Ping(context.Context) error             { return nil }
func (w *wakeup) Schema() string                         { return "" }
func (w *wakeup) SetAfterConnectExec(string)             {}

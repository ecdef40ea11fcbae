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
// Behind a pooler, where Postgres cannot notify, it is the same with the jobs
// that this process executes.
type wakeup struct {
	source   cancellations
	notifies bool // others are notified by the database all the same
	notes    chan riverdriver.Notification
	look     chan struct{}

	// of the goroutine that waits
	found []riverdriver.Notification
	next  time.Time
}

// cancellations are of jobs that execute, by whatever process. One goroutine at a
// time asks for them.
type cancellations interface {
	connect(context.Context) error
	// next returns those that are new, or nothing if it cannot.
	next(context.Context) []riverdriver.Notification
}

const controlTopic = "river_control" // River's

func newWakeup(source cancellations) *wakeup {
	return &wakeup{source: source, notes: make(chan riverdriver.Notification, 256), look: make(chan struct{}, 1)}
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

func (w *wakeup) Connect(ctx context.Context) error { return w.source.connect(ctx) }

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
		w.found = w.source.next(ctx)
	}
	n := w.found[0]
	w.found = w.found[1:]
	return &n, nil
}

func (w *wakeup) Close(context.Context) error            { return nil }
func (w *wakeup) Listen(context.Context, string) error   { return nil }
func (w *wakeup) Unlisten(context.Context, string) error { return nil }
func (w *wakeup) Ping(context.Context) error             { return nil }
func (w *wakeup) Schema() string                         { return "" }
func (w *wakeup) SetAfterConnectExec(string)             {}

// cancelledTable is where River leaves them on SQLite.
type cancelledTable struct {
	db   session
	last int64 // the newest that is known
}

// connect forgets what was in the table before.
func (t *cancelledTable) connect(ctx context.Context) error {
	return t.db.query(ctx, func(scan scan) error { return scan(&t.last) }, "SELECT coalesce(max(id), 0) FROM @river_notification")
}

func (t *cancelledTable) next(ctx context.Context) (found []riverdriver.Notification) {
	_ = t.db.query(ctx, func(scan scan) error {
		n := riverdriver.Notification{Topic: controlTopic}
		err := scan(&t.last, &n.Payload)
		if err == nil {
			found = append(found, n)
		}
		return err
	}, "SELECT id, payload FROM @river_notification WHERE topic = $1 AND id > $2 ORDER BY id", controlTopic, t.last)
	return found
}

// cancelledAttempts finds, on Postgres, those of jobs that this process executes.
type cancelledAttempts struct{ engine *Engine }

func (cancelledAttempts) connect(context.Context) error { return nil }

func (c cancelledAttempts) next(ctx context.Context) (found []riverdriver.Notification) {
	jobs := c.engine.attempts.jobs()
	if len(jobs) == 0 {
		return nil
	}
	_ = c.engine.db.read().query(ctx, func(scan scan) error {
		n := riverdriver.Notification{Topic: controlTopic}
		err := scan(&n.Payload)
		if err == nil {
			found = append(found, n)
		}
		return err
	}, `SELECT json_build_object('action', 'cancel', 'job_id', id, 'queue', queue)::text FROM @river_job
WHERE id = ANY($1::bigint[]) AND state = 'running' AND metadata ? 'cancel_attempted_at'`, jobs)
	return found
}

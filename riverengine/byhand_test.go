package riverengine

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// jobOf is the job that River has of an entry.
func jobOf(t *testing.T, e *Engine, entry string) (job int64) {
	t.Helper()
	found := func(scan scan) error { return scan(&job) }
	if err := e.db.read().query(t.Context(), found, "SELECT id FROM @river_job WHERE metadata->>'entry' = $1", entry); err != nil || job == 0 {
		t.Fatalf("job of %s: %v", entry, err)
	}
	return job
}

// retryJob and deleteJob are what River offers to a person.

func retryJob(ctx context.Context, e *Engine, job int64) (err error) {
	switch c := e.client.(type) {
	case typedClient[*sql.Tx]:
		_, err = c.river.JobRetry(ctx, job)
	case typedClient[pgx.Tx]:
		_, err = c.river.JobRetry(ctx, job)
	}
	return err
}

func deleteJob(ctx context.Context, e *Engine, job int64) (err error) {
	switch c := e.client.(type) {
	case typedClient[*sql.Tx]:
		_, err = c.river.JobDelete(ctx, job)
	case typedClient[pgx.Tx]:
		_, err = c.river.JobDelete(ctx, job)
	}
	return err
}

// A call whose arguments are gone is not run without them, and keeps its key
// if it is done.
func TestForgottenArguments(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		b := submit(t, e, engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour)}, engine.Job{Task: note, Key: "one"})
		cancelled, done := b.Jobs[0].EntryID, b.Jobs[1].EntryID
		if ok, err := e.Cancel(t.Context(), cancelled); err != nil || !ok {
			t.Fatal(ok, err)
		}
		job := jobOf(t, e, done)
		works(t, e, nothing, note)
		becomes(t, e, done, journal.StatusDone)
		if err := retryJob(t.Context(), e, jobOf(t, e, cancelled)); err == nil || !strings.Contains(err.Error(), "arguments were deleted") {
			t.Errorf("a cancelled call: %v", err)
		}
		if err := retryJob(t.Context(), e, job); err == nil {
			t.Error("a call that is done is run again")
		}
		if c, d := entryOf(t, e, cancelled), entryOf(t, e, done); c.Status != journal.StatusCancelled || string(c.Args) == "{}" || d.Status != journal.StatusDone {
			t.Errorf("cancelled: %s %s, done: %s", c.Status, c.Args, d.Status)
		}
		if tickets, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "one"})); err != nil || tickets[0].Holder != done {
			t.Errorf("the key: %+v, %v", tickets, err)
		}
	})
}

// A call that runs again by hand takes its key back, or does not run.
func TestRetryTakesKeyBack(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		var broken atomic.Bool
		broken.Store(true)
		works(t, e, func(context.Context, engine.Delivery) error {
			if broken.Load() {
				return permanent("broken")
			}
			return nil
		}, note)
		failed := submit(t, e, engine.Job{Task: note, Key: "one"}, engine.Job{Task: note, Key: "two"})
		for _, j := range failed.Jobs {
			becomes(t, e, j.EntryID, journal.StatusFailed)
		}
		broken.Store(false)
		taken := submit(t, e, engine.Job{Task: note, Key: "one"})
		becomes(t, e, taken.Jobs[0].EntryID, journal.StatusDone)
		err := retryJob(t.Context(), e, jobOf(t, e, failed.Jobs[0].EntryID))
		if err == nil || !strings.Contains(err.Error(), "has its key by now") {
			t.Errorf("a key that another holds: %v", err)
		}
		if err := retryJob(t.Context(), e, jobOf(t, e, failed.Jobs[1].EntryID)); err != nil {
			t.Fatal(err)
		}
		becomes(t, e, failed.Jobs[1].EntryID, journal.StatusDone)
		tickets, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "two"}))
		if err != nil || tickets[0].Holder != failed.Jobs[1].EntryID {
			t.Errorf("a key that was taken back: %+v, %v", tickets, err)
		}
	})
}

// A job that is deleted leaves no entry that waits, and no key.
func TestDeletedJob(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		later := time.Now().Add(time.Hour)
		b := submit(t, e, engine.Job{Task: note, Key: "one", NotBefore: later})
		if err := deleteJob(t.Context(), e, jobOf(t, e, b.Jobs[0].EntryID)); err != nil {
			t.Fatal(err)
		}
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusCancelled)
		tickets, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "one", NotBefore: later}))
		if err != nil || tickets[0].Holder != "" {
			t.Errorf("the key is held by %s, %v", tickets[0].Holder, err)
		}
	})
}

// What others put into River's table does not stop our calls.
func TestForeignJob(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		for _, metadata := range []string{`{}`, `{"entry":"short","call":"1|x|y"}`, `{"entry":null,"call":7}`} {
			err := e.db.write(t.Context(), func(_ session, tx any) error {
				return e.client.insert(t.Context(), tx, []river.InsertManyParams{{
					Args:       jobArgs{kind: note.Name, payload: json.RawMessage(`{"n":1}`)},
					InsertOpts: &river.InsertOpts{MaxAttempts: 1, Metadata: []byte(metadata)},
				}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		b := submit(t, e, engine.Job{Task: note})
		if _, err := e.Journal().Query(t.Context(), journal.Query{}); err != nil {
			t.Error(err)
		}
		var executed atomic.Int64
		works(t, e, func(context.Context, engine.Delivery) error {
			executed.Add(1)
			return nil
		}, note)
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
		if n := executed.Load(); n != 1 {
			t.Errorf("executed %d times", n)
		}
	})
}

// A call that asks to come later has ended if it was to be cancelled.
func TestLaterWhileCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		job := make(chan int64, 1)
		works(t, e, func(ctx context.Context, _ engine.Delivery) error {
			if err := e.client.cancel(context.WithoutCancel(ctx), <-job); err != nil {
				t.Error(err)
			}
			return later(time.Hour)
		}, note)
		b := submit(t, e, engine.Job{Task: note})
		job <- jobOf(t, e, b.Jobs[0].EntryID)
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusCancelled)
	})
}

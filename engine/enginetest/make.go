package enginetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// send is a task without retries.
var send = engine.TaskSpec{Name: "sms.send", Timeout: time.Minute}

// retried is a task with quick retries.
func retried(attempts int) engine.TaskSpec {
	return engine.TaskSpec{
		Name: "crm.update", Timeout: time.Minute,
		Retry: engine.RetryPolicy{MaxAttempts: attempts, Initial: time.Millisecond, Max: 2 * time.Millisecond},
	}
}

var lastID atomic.Int64

// id returns a new one: 20 characters, as the IDs of runs and entries have.
func id() string { return fmt.Sprintf("%020d", lastID.Add(1)) }

func job(task engine.TaskSpec) engine.Job {
	payload := json.RawMessage(`{"to":"+27821234567"}`)
	return engine.Job{EntryID: id(), Task: task, Payload: payload, Args: payload, Metadata: map[string]string{"trace": "abc"}}
}

func jobs(n int, task engine.TaskSpec) []engine.Job {
	list := make([]engine.Job, n)
	for i := range list {
		list[i] = job(task)
		list[i].Position = i
	}
	return list
}

func batch(jobs ...engine.Job) engine.Batch {
	return engine.Batch{
		RunID: "order.created", Run: id(), At: time.Now().Truncate(time.Millisecond), Caller: "shop/checkout.go:42", Jobs: jobs,
	}
}

var done = engine.Ending{Status: journal.StatusDone, Counts: true}

// succeeds is a handler.
func succeeds(context.Context, engine.Delivery) engine.Ending { return done }

// ended is the end of a call for good.
func ended(s journal.Status) engine.Ending {
	if s == journal.StatusDone {
		return done
	}
	return engine.Ending{Status: s, Counts: true, Error: "it is " + string(s)}
}

// again is the end of an attempt that counts, and is not the last.
func again(wait time.Duration) engine.Ending {
	return engine.Ending{Status: journal.StatusQueued, Wait: wait, Counts: true, Error: "no answer"}
}

// later is the end of an attempt that does not count.
func later(wait time.Duration) engine.Ending {
	return engine.Ending{Status: journal.StatusQueued, Wait: wait, Error: "not now"}
}

// same reports whether two texts are the same JSON, however it is spaced.
func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}

// Package enginetest holds the conformance suite that every
// [saferunner.Engine] passes.
package enginetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
)

// patience is how long the suite waits for what has to happen.
const patience = 10 * time.Second

// Exercise tests an engine, as subtests of t. It calls open for a new engine
// in each of them, which is to work that many jobs at a time; open has to
// release what the engine holds by t.Cleanup. Run it with the race detector.
//
// Of an engine that is a [saferunner.Ledger] it demands more: that it keeps
// to the tasks of Start, claims keys, and journals what becomes of each call.
// What only the users of an engine can see, such as what survives a crash, is
// not tested here.
func Exercise(t *testing.T, open func(t *testing.T, workers int) engine.Engine) {
	for name, test := range map[string]func(*engine){
		"batch":              testBatch,
		"order":              testOrder,
		"many":               testMany,
		"none of a batch":    testNone,
		"retries":            testRetries,
		"permanent":          testPermanent,
		"later":              testLater,
		"exit":               testExit,
		"deadline":           testDeadline,
		"schedule":           testSchedule,
		"cancelled Submit":   testCancelledSubmit,
		"values of ctx":      testDetached,
		"stop while working": testStop,
		"impatient stop":     testImpatientStop,
		"record mode":        testRecordMode,
	} {
		t.Run(name, func(t *testing.T) { test(newEngine(t, open)) })
	}
	if _, ok := open(t, 1).(engine.Ledger); !ok {
		return
	}
	for name, test := range map[string]func(*ledger){
		"journal":      testJournal,
		"failures":     testFailures,
		"keys":         testKeys,
		"unknown task": testUnknownTask,
		"redacted":     testRedacted,
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, open)
			test(&ledger{e, e.Engine.(engine.Ledger).Journal()})
		})
	}
}

// engine is the one under test, with a handler that does what a test says.
type engine struct {
	*testing.T
	engine.Engine
	workers func(int) engine.Engine

	mu         sync.Mutex
	deliveries []engine.Delivery
	changed    chan struct{} // closed when one has been added
	stopped    bool
}

func newEngine(t *testing.T, open func(*testing.T, int) engine.Engine) *engine {
	e := &engine{T: t, changed: make(chan struct{})}
	e.workers = func(n int) engine.Engine {
		e.Engine = open(t, n)
		t.Cleanup(e.stop)
		return e.Engine
	}
	e.workers(8)
	return e
}

// start lets the engine deliver the tasks to h, and notes each delivery
// before.
func (e *engine) start(h engine.Handler, tasks ...engine.TaskSpec) {
	e.Helper()
	noting := func(ctx context.Context, d engine.Delivery) error {
		e.mu.Lock()
		e.deliveries = append(e.deliveries, d)
		close(e.changed)
		e.changed = make(chan struct{})
		e.mu.Unlock()
		return h(ctx, d)
	}
	if err := e.Start(context.Background(), tasks, noting); err != nil {
		e.Fatalf("Start: %v", err)
	}
}

// stop stops the engine, once.
func (e *engine) stop() {
	e.mu.Lock()
	first := !e.stopped
	e.stopped = true
	e.mu.Unlock()
	if !first {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		e.Errorf("Stop: %v", err)
	}
}

// submit hands a batch over.
func (e *engine) submit(jobs ...engine.Job) (engine.Batch, []engine.Ticket) {
	e.Helper()
	b := batch(jobs...)
	tickets, err := e.Submit(e.Context(), b)
	if err != nil {
		e.Fatalf("Submit: %v", err)
	}
	return b, tickets
}

// wait returns the deliveries once there are n.
func (e *engine) wait(n int) []engine.Delivery {
	e.Helper()
	timeout := time.After(patience)
	for {
		e.mu.Lock()
		got, changed := slices.Clone(e.deliveries), e.changed
		e.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-changed:
		case <-timeout:
			e.Fatalf("%d deliveries after %s, want %d: %v", len(got), patience, n, ids(got))
		}
	}
}

// exactly stops the engine and fails unless there were n deliveries.
func (e *engine) exactly(n int) []engine.Delivery {
	e.Helper()
	e.wait(n)
	e.stop()
	got := e.wait(0)
	if len(got) != n {
		e.Fatalf("%d deliveries, want %d: %v", len(got), n, ids(got))
	}
	return got
}

func done(context.Context, engine.Delivery) error { return nil }

func ids(deliveries []engine.Delivery) (list []string) {
	for _, d := range deliveries {
		list = append(list, d.EntryID)
	}
	return list
}

var send = engine.TaskSpec{Name: "sms.send", Timeout: patience}

// retried is a task with quick retries.
func retried(attempts int) engine.TaskSpec {
	return engine.TaskSpec{
		Name: "crm.update", Timeout: patience,
		Retry: engine.RetryPolicy{MaxAttempts: attempts, Initial: time.Millisecond, Max: 2 * time.Millisecond},
	}
}

// same reports whether two texts are the same JSON, however it is spaced.
func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}

func id() string { return rand.Text()[:20] }

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

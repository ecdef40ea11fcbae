// Package enginetest holds the conformance suite that every [engine.Engine]
// passes.
package enginetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// patience is how long the suite waits for what has to happen.
const patience = 30 * time.Second

// Exercise tests an engine, as subtests of t. It calls open for a new engine
// in each of them, which is to work that many jobs at a time; open releases
// what the engine holds by t.Cleanup. Run it with the race detector.
//
// It starts the engine with handlers of its own, and looks whether the engine
// obeys the [engine.Ending]s that they return. Of an [engine.Ledger] it
// demands more: that it keeps to the tasks of Start, claims keys, writes
// down what the endings say, and tells when it has. Of an [engine.Canceller] it demands that it
// cancels. What only the users of an engine can see, such as what survives a
// crash, is not tested here.
func Exercise(t *testing.T, open func(t *testing.T, workers int) engine.Engine) {
	for name, test := range map[string]func(*subject){
		"batch":              testBatch,
		"order":              testOrder,
		"many":               testMany,
		"none of a batch":    testNone,
		"schedule":           testSchedule,
		"deadline":           testDeadline,
		"cancelled Submit":   testCancelledSubmit,
		"ctx of Submit":      testDetached,
		"ctx of Start":       testStartContext,
		"counted":            testCounted,
		"not counted":        testNotCounted,
		"final":              testFinal,
		"wait":               testWait,
		"long wait":          testLongWait,
		"no wait":            testNoWait,
		"stop while working": testStop,
		"impatient stop":     testImpatientStop,
		"stop again":         testStopAgain,
	} {
		t.Run(name, func(t *testing.T) { test(newSubject(t, open)) })
	}
	probe := open(t, 1)
	if _, ok := probe.(engine.Canceller); ok {
		t.Run("cancel", func(t *testing.T) { testCancel(newSubject(t, open)) })
	}
	if _, ok := probe.(engine.Ledger); !ok {
		return
	}
	for name, test := range map[string]func(*ledger){
		"journal":         testJournal,
		"endings":         testEndings,
		"written":         testWritten,
		"attempts":        testAttempts,
		"before the next": testBeforeTheNext,
		"stopped":         testStopped,
		"cancelled":       testCancelled,
		"keys":            testKeys,
		"unknown task":    testUnknownTask,
		"redacted":        testRedacted,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t, open)
			test(&ledger{s, s.Engine.(engine.Ledger).Journal()})
		})
	}
}

// subject is the engine under test, with a handler that does what a test says.
type subject struct {
	*testing.T
	engine.Engine
	open func(*testing.T, int) engine.Engine

	mu         sync.Mutex
	deliveries []engine.Delivery
	changed    chan struct{} // closed when one has been added
	stopped    bool
	last       string // entry of the job of after
}

func newSubject(t *testing.T, open func(*testing.T, int) engine.Engine) *subject {
	s := &subject{T: t, open: open, changed: make(chan struct{})}
	s.renew(8)
	return s
}

// renew takes a new engine, with this number of workers.
func (s *subject) renew(workers int) {
	s.Engine, s.stopped = s.open(s.T, workers), false
	s.Cleanup(s.stop)
}

// withWorkers takes an engine with another number of workers instead.
func (s *subject) withWorkers(n int) {
	s.stop()
	s.renew(n)
}

// in runs a subtest on an engine of its own.
func (s *subject) in(name string, test func(*subject)) {
	s.T.Run(name, func(t *testing.T) { test(newSubject(t, s.open)) })
}

// start lets the engine deliver the tasks to h, and notes each delivery
// before.
func (s *subject) start(h engine.Handler, tasks ...engine.TaskSpec) {
	s.Helper()
	s.startUnder(context.Background(), h, tasks...)
}

// startUnder is start with a ctx of the test's own.
func (s *subject) startUnder(ctx context.Context, h engine.Handler, tasks ...engine.TaskSpec) {
	s.Helper()
	noting := func(ctx context.Context, d engine.Delivery) engine.Ending {
		s.mu.Lock()
		s.deliveries = append(s.deliveries, d)
		close(s.changed)
		s.changed = make(chan struct{})
		last := s.last
		s.mu.Unlock()
		switch {
		case d.EntryID != last:
			return h(ctx, d)
		case d.Attempt == 1:
			return again(50 * time.Millisecond)
		}
		return done
	}
	if err := s.Start(ctx, tasks, noting); err != nil {
		s.Fatalf("Start: %v", err)
	}
}

// stop stops the engine, once.
func (s *subject) stop() {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	s.mu.Unlock()
	if !first {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		s.Errorf("Stop: %v", err)
	}
}

// impatientStop stops the engine with a ctx that ends while a handler
// executes, and leaves what is left to stop to the end of the test.
func (s *subject) impatientStop() {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Stop(ctx); err == nil {
		s.Error("Stop returned no error, though ctx ended before what was running")
	}
}

// submit hands a batch over.
func (s *subject) submit(jobs ...engine.Job) (engine.Batch, []engine.Ticket) {
	s.Helper()
	b := batch(jobs...)
	tickets, err := s.Submit(s.Context(), b)
	if err != nil {
		s.Fatalf("Submit: %v", err)
	}
	return b, tickets
}

// wait returns the deliveries once there are n.
func (s *subject) wait(n int) []engine.Delivery {
	s.Helper()
	return s.until(fmt.Sprintf("there are %d", n), func(got []engine.Delivery) bool { return len(got) >= n })
}

// until returns the deliveries once they are as they should be.
func (s *subject) until(what string, is func([]engine.Delivery) bool) []engine.Delivery {
	s.Helper()
	timeout := time.After(patience)
	for {
		s.mu.Lock()
		got, changed := slices.Clone(s.deliveries), s.changed
		s.mu.Unlock()
		if is(got) {
			return got
		}
		select {
		case <-changed:
		case <-timeout:
			s.Fatalf("%d deliveries after %s, waiting until %s: %v", len(got), patience, what, ids(got))
		}
	}
}

// exactly stops the engine and fails unless there were n deliveries.
func (s *subject) exactly(n int) []engine.Delivery {
	s.Helper()
	s.wait(n)
	s.stop()
	got := s.wait(0)
	if len(got) != n {
		s.Fatalf("%d deliveries, want %d: %v", len(got), n, ids(got))
	}
	return got
}

// after waits for n deliveries, then for two attempts at a job that comes
// last, and fails if there were others.
func (s *subject) after(n int) {
	s.Helper()
	s.wait(n)
	j := job(send)
	s.mu.Lock()
	s.last = j.EntryID
	s.mu.Unlock()
	s.submit(j)
	s.until("the last is there", func(got []engine.Delivery) bool {
		return slices.ContainsFunc(got, func(d engine.Delivery) bool { return d.EntryID == j.EntryID && d.Attempt == 2 })
	})
	s.exactly(n + 2)
}

func ids(deliveries []engine.Delivery) (list []string) {
	for _, d := range deliveries {
		list = append(list, d.EntryID)
	}
	return list
}

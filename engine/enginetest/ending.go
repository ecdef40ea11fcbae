package enginetest

import (
	"context"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// script answers the deliveries of each call with these endings, one after
// the other.
func (s *subject) script(endings ...engine.Ending) engine.Handler {
	count := map[string]int{} // of deliveries
	return func(_ context.Context, d engine.Delivery) engine.Ending {
		s.mu.Lock()
		defer s.mu.Unlock()
		n := count[d.EntryID]
		if count[d.EntryID]++; n >= len(endings) {
			return done
		}
		return endings[n]
	}
}

// attempts fails unless the deliveries are these attempts.
func (s *subject) attempts(deliveries []engine.Delivery, want ...int) {
	s.Helper()
	for i, d := range deliveries {
		if i >= len(want) || d.Attempt != want[i] {
			s.Errorf("delivery %d is attempt %d, want attempts %v", i+1, d.Attempt, want)
		}
	}
}

// testCounted ends attempts so that there is another, of a task without
// retries and with some: neither is the engine's business.
func testCounted(s *subject) {
	for _, task := range []engine.TaskSpec{send, retried(2)} {
		s.in(task.Name, func(s *subject) {
			s.start(s.script(again(0), again(time.Millisecond), again(0), done), task)
			s.submit(job(task))
			s.attempts(s.exactly(4), 1, 2, 3, 4)
		})
	}
}

// testNotCounted has attempts that do not count before, between and after
// one that does.
func testNotCounted(s *subject) {
	s.start(s.script(later(0), later(time.Millisecond), again(0), later(0), ended(journal.StatusFailed)), send)
	s.submit(job(send))
	s.attempts(s.exactly(5), 1, 1, 1, 2, 2)
}

// testFinal ends calls for good, whose task would allow more attempts.
func testFinal(s *subject) {
	for _, status := range []journal.Status{journal.StatusDone, journal.StatusFailed, journal.StatusCancelled, journal.StatusInterrupted} {
		s.in(string(status), func(s *subject) {
			many := retried(5)
			first := ended(status)
			first.Wait = time.Millisecond // of no meaning here
			second := first
			second.Counts = false // nor this
			answers := s.script(again(0), second)
			s.start(func(ctx context.Context, d engine.Delivery) engine.Ending {
				if d.Task.Name == send.Name {
					return done
				}
				if d.Position == 0 {
					return first
				}
				return answers(ctx, d)
			}, many, send)
			s.submit(jobs(2, many)...)
			s.after(3)
		})
	}
}

// testWait lets some time pass before the next attempt. How much, an engine
// may keep roughly.
func testWait(s *subject) {
	const wait = 400 * time.Millisecond
	began := make(chan time.Time, 4)
	answers := s.script(again(wait), later(wait))
	s.start(func(ctx context.Context, d engine.Delivery) engine.Ending {
		began <- time.Now()
		return answers(ctx, d)
	}, send)
	s.submit(job(send))
	s.attempts(s.exactly(3), 1, 2, 2)
	last := <-began
	for range 2 {
		next := <-began
		if waited := next.Sub(last); waited < wait/2 {
			s.Errorf("the next attempt came after %s, want about %s", waited, wait)
		}
		last = next
	}
}

// testLongWait has calls that wait, which keep no worker from others and
// Stop from nothing.
func testLongWait(s *subject) {
	s.withWorkers(1)
	s.start(func(_ context.Context, d engine.Delivery) engine.Ending {
		switch d.Position {
		case 0:
			return again(time.Hour)
		case 1:
			return later(time.Hour)
		}
		return done
	}, send)
	s.submit(jobs(3, send)...)
	s.after(3)
}

// testNoWait takes a wait that is none.
func testNoWait(s *subject) {
	s.start(s.script(again(-time.Hour), later(-time.Hour)), send)
	s.submit(job(send))
	s.attempts(s.exactly(3), 1, 2, 2)
}

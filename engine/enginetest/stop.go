package enginetest

import (
	"context"
	"errors"
	"time"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

func testStop(s *subject) {
	end, ended := make(chan struct{}), make(chan struct{})
	s.start(func(context.Context, engine.Delivery) engine.Ending {
		<-end
		close(ended)
		return done
	}, send)
	s.submit(job(send))
	s.wait(1)
	time.AfterFunc(20*time.Millisecond, func() { close(end) })
	s.stop()
	select {
	case <-ended:
	default:
		s.Error("Stop did not wait for the call that executed")
	}
}

// untilCancelled is a handler that executes until its ctx ends, and tells
// the cause.
func untilCancelled(causes chan<- error, e engine.Ending) engine.Handler {
	return func(ctx context.Context, _ engine.Delivery) engine.Ending {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return e
	}
}

// wantCause waits for a handler to be cancelled, and looks why.
func (s *subject) wantCause(causes <-chan error, want error) {
	s.Helper()
	select {
	case cause := <-causes:
		if !errors.Is(cause, want) {
			s.Errorf("the handler's ctx was ended because %v, want %v", cause, want)
		}
	case <-time.After(patience):
		s.Fatal("the handler's ctx was not ended")
	}
}

// testImpatientStop ends the ctx of Stop. What does not execute is not
// begun any more.
func testImpatientStop(s *subject) {
	s.withWorkers(1)
	causes := make(chan error, 2)
	s.start(untilCancelled(causes, ended(journal.StatusInterrupted)), send)
	s.submit(jobs(2, send)...)
	s.wait(1)
	s.impatientStop()
	s.wantCause(causes, engine.ErrStopping)
	s.exactly(1)
}

// testStopAgain waits on for a handler that does not heed its ctx.
func testStopAgain(s *subject) {
	end, ended := make(chan struct{}), make(chan struct{})
	s.start(func(context.Context, engine.Delivery) engine.Ending {
		<-end
		close(ended)
		return done
	}, send)
	s.submit(job(send))
	s.wait(1)
	s.impatientStop()
	close(end)
	s.exactly(1)
	select {
	case <-ended:
	default:
		s.Error("the second Stop did not wait for the call that executed")
	}
}

// testCancel takes out a call that waits, and one that executes.
func testCancel(s *subject) {
	cancel := func(id string, want bool) {
		s.Helper()
		if ok, err := s.Engine.(engine.Canceller).Cancel(s.Context(), id); ok != want || err != nil {
			s.Errorf("Cancel: %v, %v; want %v", ok, err, want)
		}
	}
	causes := make(chan error, 2)
	s.start(untilCancelled(causes, ended(journal.StatusCancelled)), send)
	waiting, executing := job(send), job(send)
	waiting.NotBefore = time.Now().Add(time.Hour)
	s.submit(waiting, executing)
	s.wait(1)
	cancel(id(), false) // nobody has heard of it
	cancel(waiting.EntryID, true)
	cancel(waiting.EntryID, false)
	cancel(executing.EntryID, true)
	s.wantCause(causes, engine.ErrCancelled)
	if d := s.exactly(1)[0]; d.EntryID != executing.EntryID {
		s.Error("delivered: the call that was to wait")
	}
	cancel(executing.EntryID, false)
}

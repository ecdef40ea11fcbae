package enginetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/saferunner/saferunner/engine"
)

func testBatch(s *subject) {
	s.start(succeeds, send)
	j := job(send)
	j.Position, j.Key = 3, "order/17"
	b, _ := s.submit(j)
	d := s.exactly(1)[0]
	if d.RunID != b.RunID || d.Run != b.Run || d.EntryID != j.EntryID || d.Position != 3 || d.Key != j.Key || !d.At.Equal(b.At) || d.Caller != b.Caller {
		s.Errorf("delivered %+v of %+v", d, b)
	}
	if d.Attempt != 1 {
		s.Errorf("attempt %d, want the first", d.Attempt)
	}
	if !reflect.DeepEqual(d.Task, send) || !same(d.Payload, j.Payload) || !reflect.DeepEqual(d.Metadata, j.Metadata) {
		s.Errorf("delivered %+v, want %+v", d.Job, j)
	}
}

// testOrder has one worker, so that order shows.
func testOrder(s *subject) {
	s.withWorkers(1)
	s.start(succeeds, send)
	list := jobs(50, send)
	s.submit(list...)
	got := s.exactly(len(list))
	for i := range list {
		if got[i].EntryID != list[i].EntryID {
			s.Fatalf("delivery %d is of job %d", i, slices.IndexFunc(list, func(j engine.Job) bool { return j.EntryID == got[i].EntryID }))
		}
	}
}

func testMany(s *subject) {
	s.start(succeeds, send)
	want := map[string]bool{}
	for range 20 {
		list := jobs(20, send)
		s.submit(list...)
		for _, j := range list {
			want[j.EntryID] = true
		}
	}
	for _, d := range s.exactly(len(want)) {
		if !want[d.EntryID] {
			s.Errorf("%s was delivered twice, or never submitted", d.EntryID)
		}
		delete(want, d.EntryID)
	}
}

func testNone(s *subject) {
	s.start(succeeds, send)
	tickets, err := s.Submit(s.Context(), batch())
	if err != nil || len(tickets) != 0 {
		s.Errorf("an empty batch: %v, %v", tickets, err)
	}
	s.exactly(0)
}

func testSchedule(s *subject) {
	s.start(succeeds, send)
	soon, late := job(send), job(send)
	late.NotBefore = time.Now().Add(300 * time.Millisecond)
	s.submit(late, soon)
	if first := s.wait(1)[0]; first.EntryID != soon.EntryID {
		s.Errorf("delivered first: the call that was to wait")
	}
	second := s.wait(2)[1]
	if early := time.Until(late.NotBefore); early > 0 {
		s.Errorf("delivered %s too early", early)
	}
	if !second.NotBefore.Equal(late.NotBefore) {
		s.Errorf("delivered as due at %s, want %s", second.NotBefore, late.NotBefore)
	}
	s.exactly(2)
}

// testDeadline leaves an attempt the time that its task has.
func testDeadline(s *subject) {
	task := send
	task.Timeout = time.Minute
	s.start(func(ctx context.Context, _ engine.Delivery) engine.Ending {
		if at, ok := ctx.Deadline(); ok && time.Until(at) < 50*time.Second {
			s.Errorf("the attempt has until %s, less than its task's minute", at)
		}
		return done
	}, task)
	s.submit(job(task))
	s.exactly(1)
}

func testCancelledSubmit(s *subject) {
	s.start(succeeds, send)
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if _, err := s.Submit(ctx, batch(job(send))); !errors.Is(err, context.Canceled) {
		s.Errorf("Submit with a cancelled ctx: %v", err)
	}
	s.exactly(0)
}

// testStartContext cancels the ctx of Start while a call executes, and has
// another one come after.
func testStartContext(s *subject) {
	end, err := make(chan struct{}), make(chan error, 2)
	ctx, cancel := context.WithCancel(s.Context())
	s.startUnder(ctx, func(ctx context.Context, d engine.Delivery) engine.Ending {
		if d.Position == 0 {
			<-end
		}
		err <- ctx.Err()
		return done
	}, send)
	list := jobs(2, send)
	s.submit(list[0])
	s.wait(1)
	cancel()
	close(end)
	s.submit(list[1])
	s.exactly(2)
	for range list {
		if err := <-err; err != nil {
			s.Errorf("the handler's ctx has ended with that of Start: %v", err)
		}
	}
}

// testDetached cancels the ctx of Submit before the work begins.
func testDetached(s *subject) {
	begin, err := make(chan struct{}), make(chan error, 1)
	s.start(func(ctx context.Context, _ engine.Delivery) engine.Ending {
		<-begin
		err <- ctx.Err()
		return done
	}, send)
	ctx, cancel := context.WithCancel(s.Context())
	if _, err := s.Submit(ctx, batch(job(send))); err != nil {
		s.Fatal(err)
	}
	cancel()
	close(begin)
	s.exactly(1)
	if err := <-err; err != nil {
		s.Errorf("the handler's ctx has ended with that of Submit: %v", err)
	}
}

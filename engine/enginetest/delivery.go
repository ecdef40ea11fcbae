package enginetest

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"slices"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
)

func testBatch(e *engine) {
	e.start(done, send)
	j := job(send)
	j.Position, j.Key = 3, "order/17"
	b, _ := e.submit(j)
	d := e.exactly(1)[0]
	if d.RunID != b.RunID || d.Run != b.Run || d.EntryID != j.EntryID || d.Position != 3 || d.Key != j.Key {
		e.Errorf("delivered %+v of %+v", d, b)
	}
	if d.Attempt != 1 || !d.Last {
		e.Errorf("attempt %d, last %v; want the first and last", d.Attempt, d.Last)
	}
	if !reflect.DeepEqual(d.Task, send) || !same(d.Payload, j.Payload) || !reflect.DeepEqual(d.Metadata, j.Metadata) {
		e.Errorf("delivered %+v, want %+v", d.Job, j)
	}
}

// testOrder has one worker, so that order shows.
func testOrder(e *engine) {
	e.stop()
	e.stopped = false
	e.workers(1)
	e.start(done, send)
	list := jobs(50, send)
	e.submit(list...)
	got := e.exactly(len(list))
	for i := range list {
		if got[i].EntryID != list[i].EntryID {
			e.Fatalf("delivery %d is of job %d", i, slices.IndexFunc(list, func(j engine.Job) bool { return j.EntryID == got[i].EntryID }))
		}
	}
}

func testMany(e *engine) {
	e.start(done, send)
	want := map[string]bool{}
	for range 20 {
		list := jobs(20, send)
		e.submit(list...)
		for _, j := range list {
			want[j.EntryID] = true
		}
	}
	for _, d := range e.exactly(len(want)) {
		if !want[d.EntryID] {
			e.Errorf("%s was delivered twice, or never submitted", d.EntryID)
		}
		delete(want, d.EntryID)
	}
}

func testNone(e *engine) {
	e.start(done, send)
	tickets, err := e.Submit(e.Context(), batch())
	if err != nil || len(tickets) != 0 {
		e.Errorf("an empty batch: %v, %v", tickets, err)
	}
	e.exactly(0)
}

func testRetries(e *engine) {
	e.start(func(context.Context, engine.Delivery) error { return errors.New("no answer") }, retried(3))
	e.submit(job(retried(3)))
	for i, d := range e.exactly(3) {
		if d.Attempt != i+1 || d.Last != (i == 2) {
			e.Errorf("delivery %d is attempt %d, last %v", i, d.Attempt, d.Last)
		}
	}
}

func testPermanent(e *engine) {
	e.start(func(_ context.Context, d engine.Delivery) error {
		if d.Attempt == 2 {
			return saferunner.Permanent(errors.New("no such number"))
		}
		return errors.New("no answer")
	}, retried(5))
	e.submit(job(retried(5)))
	e.wait(2)
	time.Sleep(50 * time.Millisecond) // a third attempt would come within a few
	e.exactly(2)
}

// testLater puts a call off twice, which costs no attempt.
func testLater(e *engine) {
	seen := make(chan int, 10)
	e.start(func(_ context.Context, d engine.Delivery) error {
		seen <- d.Attempt
		if len(seen) < 3 {
			return saferunner.Later(time.Millisecond)
		}
		return nil
	}, send)
	e.submit(job(send))
	for i, d := range e.exactly(3) {
		if d.Attempt != 1 || !d.Last {
			e.Errorf("delivery %d is attempt %d, last %v", i, d.Attempt, d.Last)
		}
	}
}

func testExit(e *engine) {
	e.start(func(_ context.Context, d engine.Delivery) error {
		if d.Attempt == 1 {
			runtime.Goexit()
		}
		return nil
	}, retried(2))
	e.submit(job(retried(2)))
	e.exactly(2)
}

// testDeadline fails as a task does that ran out of its time: no reason not
// to try again.
func testDeadline(e *engine) {
	task := retried(2)
	task.Timeout = time.Minute
	e.start(func(ctx context.Context, d engine.Delivery) error {
		if at, ok := ctx.Deadline(); ok && time.Until(at) < 50*time.Second {
			e.Errorf("the attempt has until %s, less than its task's minute", at)
		}
		return context.DeadlineExceeded
	}, task)
	e.submit(job(task))
	e.exactly(2)
}

func testSchedule(e *engine) {
	e.start(done, send)
	soon, late := job(send), job(send)
	late.NotBefore = time.Now().Add(300 * time.Millisecond)
	e.submit(late, soon)
	if first := e.wait(1)[0]; first.EntryID != soon.EntryID {
		e.Errorf("delivered first: the call that was to wait")
	}
	second := e.wait(2)[1]
	if early := time.Until(late.NotBefore); early > 0 {
		e.Errorf("delivered %s too early", early)
	}
	if !second.NotBefore.Equal(late.NotBefore) {
		e.Errorf("delivered as due at %s, want %s", second.NotBefore, late.NotBefore)
	}
	e.exactly(2)
}

func testCancelledSubmit(e *engine) {
	e.start(done, send)
	ctx, cancel := context.WithCancel(e.Context())
	cancel()
	if _, err := e.Submit(ctx, batch(job(send))); !errors.Is(err, context.Canceled) {
		e.Errorf("Submit with a cancelled ctx: %v", err)
	}
	e.exactly(0)
}

// testDetached cancels the ctx of Submit before the work begins.
func testDetached(e *engine) {
	begin, err := make(chan struct{}), make(chan error, 1)
	e.start(func(ctx context.Context, _ engine.Delivery) error {
		<-begin
		err <- ctx.Err()
		return nil
	}, send)
	ctx, cancel := context.WithCancel(e.Context())
	if _, err := e.Submit(ctx, batch(job(send))); err != nil {
		e.Fatal(err)
	}
	cancel()
	close(begin)
	e.exactly(1)
	if err := <-err; err != nil {
		e.Errorf("the handler's ctx has ended with that of Submit: %v", err)
	}
}

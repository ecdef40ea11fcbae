package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

var errTest = errors.New("cause")

// blocked is a pool of one worker, held by an item until release is closed or sent to, with an empty queue.
func blocked(t *testing.T, queue int) (p *Pool, release chan struct{}) {
	p, release = New(1, queue), make(chan struct{})
	submit(t, p, 1, func(int) { <-release })
	synctest.Wait()
	return p, release
}

func expect(t *testing.T, p *Pool, queued, inLine int) {
	t.Helper()
	synctest.Wait()
	if q, l := p.occupied(); q != queued || l != inLine {
		t.Errorf("%d items queued and %d lists in line, want %d and %d", q, l, queued, inLine)
	}
}

func TestSubmitWaitsForAllItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 10)
		step := func(int) { <-release }
		submit(t, p, 8, step)
		expect(t, p, 8, 0)
		go submit(t, p, 5, step) // needs the places of three
		expect(t, p, 8, 1)
		release <- struct{}{}
		expect(t, p, 7, 1)
		release <- struct{}{}
		expect(t, p, 6, 1)
		release <- struct{}{}
		expect(t, p, 10, 0)
		if p.queue.head.notify.Load() != 0 {
			t.Error("workers are still asked to make room, and nobody is in line")
		}
		close(release)
		wait(t, p)
	})
}

func TestAdmissionIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 4)
		submit(t, p, 4, func(int) { <-release })
		var starts log
		note := func(list int) func(int) { return func(int) { starts.add(list); <-release } }
		for list, n := range []int{4, 1, 2, 1} { // the short ones would fit long before the first
			go submit(t, p, n, note(list))
			synctest.Wait()
		}
		expect(t, p, 4, 4)
		for range 3 {
			release <- struct{}{}
		}
		expect(t, p, 1, 4) // three places free, kept for the first in line
		release <- struct{}{}
		expect(t, p, 4, 3)
		close(release)
		wait(t, p)
		if want := []int{0, 0, 0, 0, 1, 2, 2, 3}; !slices.Equal(starts.lines, want) {
			t.Errorf("lists started as %v, want %v", starts.lines, want)
		}
	})
}

func TestListLongerThanTheQueueWaitsUntilItIsEmpty(t *testing.T) {
	for _, queue := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			p, release := blocked(t, queue)
			step := func(int) { <-release }
			p.SubmitNow(items{2, step})
			go submit(t, p, 9, step)
			expect(t, p, 2, 1)
			release <- struct{}{}
			expect(t, p, 1, 1)
			release <- struct{}{}
			expect(t, p, 9, 0)
			close(release)
			wait(t, p)
		})
	}
}

func TestContextEndsAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 4)
		submit(t, p, 2, func(int) { <-release })
		ctx, cancel := context.WithCancelCause(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			never := func(int) { t.Error("an item of a refused list ran") }
			if err := p.Submit(ctx, items{4, never}); !errors.Is(err, errTest) {
				t.Errorf("Submit: %v, want the cause", err)
			}
		})
		expect(t, p, 2, 1)
		wg.Go(func() { submit(t, p, 2, func(int) { <-release }) }) // fits, but stands behind
		expect(t, p, 2, 2)
		cancel(errTest)
		wg.Wait()
		expect(t, p, 4, 0)
		close(release)
		wait(t, p)
	})
}

func TestEndedContextIsRefusedEvenWithRoom(t *testing.T) {
	p := New(1, 4)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	if err := p.Submit(ctx, items{1, func(int) { t.Error("it ran") }}); !errors.Is(err, errTest) {
		t.Errorf("Submit: %v, want the cause", err)
	}
	wait(t, p)
}

func TestAdmissionBeatsAContextThatEndsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 1)
		ran := false
		n := &node{list: items{1, func(int) { ran = true }}, len: 1, ready: make(chan struct{})}
		p.mu.Lock()
		p.line.push(n)
		p.admit()
		p.unlock()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.withdraw(ctx, n); err != nil {
			t.Errorf("Submit of an admitted list: %v", err)
		}
		close(release)
		wait(t, p)
		if !ran {
			t.Error("the admitted list did not run")
		}
	})
}

func TestSubmitNowFromAnItemAtAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 2)
		var starts log
		submit(t, p, 2, func(i int) {
			starts.add(i)
			p.SubmitNow(items{3, func(j int) { starts.add(10*(i+1) + j) }})
		})
		go submit(t, p, 1, func(int) { starts.add(99) })
		expect(t, p, 2, 1)
		close(release)
		wait(t, p)
		if want := []int{0, 1, 99, 10, 11, 12, 20, 21, 22}; !slices.Equal(starts.lines, want) {
			t.Errorf("items started as %v, want %v", starts.lines, want)
		}
	})
}

func TestManyWaitersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, release := blocked(t, 8)
		var wg sync.WaitGroup
		var ran, admitted log
		for k := range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			n := k%12 + 1
			wg.Go(func() {
				if p.Submit(ctx, items{n, ran.add}) == nil {
					for i := range n {
						admitted.add(i)
					}
				}
			})
			if k%3 == 0 {
				wg.Go(cancel)
			} else {
				defer cancel()
			}
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		wait(t, p)
		if len(ran.lines) != len(admitted.lines) {
			t.Errorf("%d items ran, %d were admitted", len(ran.lines), len(admitted.lines))
		}
	})
}

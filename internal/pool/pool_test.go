package pool

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"weak"

	"github.com/saferunner/saferunner/internal/leaktest"
)

var errTest = errors.New("cause")

func TestMain(m *testing.M) { leaktest.Main(m) }

// items is a list of n items that all run do.
type items struct {
	n  int
	do func(i int)
}

func (l items) Len() int { return l.n }
func (l items) Do(i int) { l.do(i) }

func submit(t *testing.T, p *Pool, n int, do func(i int)) {
	t.Helper()
	p.Submit(items{n, do})
}

func wait(t *testing.T, p *Pool) {
	t.Helper()
	if err := p.Wait(t.Context()); err != nil {
		t.Fatalf("Wait: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != 0 || p.starting || p.admitted != 0 || p.head != nil || p.tail != nil || p.idle != nil {
		t.Errorf("the idle pool keeps something: running %d, starting %t, admitted %d, queue %v, idle %v",
			p.running, p.starting, p.admitted, p.head, p.idle)
	}
}

// log is what ran, in order of start.
type log struct {
	mu    sync.Mutex
	lines []int
}

func (l *log) add(line int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func TestOneWorkerStartsInOrderAcrossLists(t *testing.T) {
	p := New(1)
	var ran []int // one worker after the other: no lock needed, and -race proves it
	var want []int
	for list := range 50 {
		for i := range 7 {
			want = append(want, 10*list+i)
		}
		submit(t, p, 7, func(i int) { ran = append(ran, 10*list+i) })
	}
	wait(t, p)
	if !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

func TestItemsRunSideBySideUpToTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(4)
		release := make(chan struct{})
		var now, started atomic.Int32
		for range 3 {
			submit(t, p, 5, func(int) {
				if n := now.Add(1); n > 4 {
					t.Errorf("%d items run at a time", n)
				}
				started.Add(1)
				<-release
				now.Add(-1)
			})
		}
		for want := int32(4); want <= 15; want++ {
			synctest.Wait()
			if got := started.Load(); got != want {
				t.Fatalf("%d items started, want %d", got, want)
			}
			release <- struct{}{}
		}
		close(release)
		wait(t, p)
	})
}

func TestNoMoreWorkersThanItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(64)
		release := make(chan struct{})
		submit(t, p, 3, func(int) { <-release })
		synctest.Wait()
		p.mu.Lock()
		if p.running != 3 {
			t.Errorf("%d workers for 3 items", p.running)
		}
		p.mu.Unlock()
		close(release)
		wait(t, p)
	})
}

func TestOneWorkerIsOnItsWayAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(3)
		var starts atomic.Int32
		p.work = func() { starts.Add(1) } // it never comes for an item; the test does that
		expectStarts := func(want int32, after string) {
			t.Helper()
			synctest.Wait()
			if got := starts.Load(); got != want {
				t.Errorf("%d workers started after %s, want %d", got, after, want)
			}
		}
		for range 5 {
			submit(t, p, 2, func(int) {})
		}
		expectStarts(1, "five lists")
		p.next(true)
		expectStarts(2, "the first worker has its first item")
		p.next(false)
		expectStarts(2, "it has its second")
		p.next(true)
		expectStarts(3, "the second worker has its first item")
		p.next(true)
		expectStarts(3, "the third, which is the last, has its first item")
	})
}

func TestEmptyListIsAccepted(t *testing.T) {
	p := New(1)
	submit(t, p, 0, nil)
	p.Submit(items{})
	wait(t, p)
}

func TestGoexitLosesNothing(t *testing.T) {
	for _, workers := range []int{1, 3} {
		p := New(workers)
		var ran log
		for range 4 {
			submit(t, p, 10, func(i int) {
				ran.add(i)
				if i%3 == 0 { // the last item of a list among them
					runtime.Goexit()
				}
			})
		}
		wait(t, p)
		if len(ran.lines) != 40 {
			t.Errorf("%d workers: %d of 40 items ran", workers, len(ran.lines))
		}
	}
}

func TestRecoveredPanicIsTheItemsAffair(t *testing.T) {
	p := New(1)
	var ran int
	submit(t, p, 10, func(i int) {
		defer func() { _ = recover() }()
		ran++
		panic(i)
	})
	wait(t, p)
	if ran != 10 {
		t.Errorf("%d of 10 items ran", ran)
	}
}

func TestPanicEndsTheProcess(t *testing.T) {
	if os.Getenv("POOL_TEST_PANIC") != "" {
		p := New(2)
		submit(t, p, 3, func(i int) { panic("left Do") })
		wait(t, p)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPanicEndsTheProcess$")
	cmd.Env = append(os.Environ(), "POOL_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: left Do") {
		t.Errorf("the process ended with %v and said:\n%s", err, out)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(1)
		release := make(chan struct{})
		submit(t, p, 1, func(int) { <-release })
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errTest)
		if err := p.Wait(ctx); !errors.Is(err, errTest) {
			t.Errorf("Wait: %v, want the cause", err)
		}
		close(release)
		wait(t, p)
		if err := p.Wait(ctx); err != nil {
			t.Errorf("Wait for an idle pool: %v", err)
		}
	})
}

func TestWaitCoversWhatIsSubmittedMeanwhile(t *testing.T) {
	p := New(2)
	var ran atomic.Int32
	var spread func(depth int) func(int)
	spread = func(depth int) func(int) {
		return func(int) {
			ran.Add(1)
			if depth > 0 {
				p.Submit(items{2, spread(depth - 1)})
			}
		}
	}
	submit(t, p, 1, spread(5))
	wait(t, p)
	if got := ran.Load(); got != 63 {
		t.Errorf("%d items ran before Wait returned, want 63", got)
	}
}

func TestFinishedListIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(2)
		release := make(chan struct{})
		submit(t, p, 1, func(int) { <-release }) // a worker that keeps the first node
		ref := submitBig(t, p)
		submit(t, p, 1, func(int) { <-release })
		synctest.Wait()
		runtime.GC()
		if ref.Value() != nil {
			t.Error("the pool holds a finished list")
		}
		close(release)
		wait(t, p)
	})
}

// submitBig submits a list that refers to much memory and whose last item ends its worker.
func submitBig(t *testing.T, p *Pool) weak.Pointer[[1 << 16]byte] {
	big := new([1 << 16]byte)
	submit(t, p, 5, func(i int) {
		big[i] = 1
		if i == 4 {
			runtime.Goexit()
		}
	})
	return weak.Make(big)
}

func TestStress(t *testing.T) {
	const submitters, lists = 8, 200
	p := New(5)
	var ran, now, want atomic.Int64
	var wg sync.WaitGroup
	for s := range submitters {
		wg.Go(func() {
			for k := range lists {
				n := (s*31+k*7)%40 + 1
				once := make([]atomic.Bool, n)
				list := items{n, func(i int) {
					if now.Add(1) > 5 {
						t.Error("more than 5 items at a time")
					}
					defer now.Add(-1)
					if once[i].Swap(true) {
						t.Error("an item ran twice")
					}
					ran.Add(1)
					if i%11 == 10 {
						runtime.Goexit()
					}
				}}
				p.Submit(list)
				want.Add(int64(n))
			}
		})
	}
	wg.Wait()
	wait(t, p)
	if ran.Load() != want.Load() {
		t.Errorf("%d of %d items ran", ran.Load(), want.Load())
	}
}

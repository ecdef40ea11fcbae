package fanout

import (
	"fmt"
	"testing"
)

const (
	workers = 64
	bound   = 1024   // of the queue, where a peer has one
	perList = 10     // items submitted at a time
	round   = 10_000 // items submitted before all are waited for
)

// item is one unit of work and the slot for its outcome. It fills a cache line, so that results written next to each
// other on two cores do not blur what the pools cost.
type item struct {
	work  func(arg int) int
	arg   int
	value int
	err   error
	_     [24]byte
}

func (it *item) run() {
	defer func() {
		if v := recover(); v != nil {
			it.err = fmt.Errorf("panic: %v", v)
		}
	}()
	it.value = it.work(it.arg)
}

// set makes an item ready to run again, with a new argument.
func (it *item) set(arg int) { it.arg, it.value, it.err = arg, 0, nil }

// lists makes the items ready and calls submit with ten of them at a time, as code does that submits what it has just
// put together.
func lists(items []item, first int, submit func(list []item)) {
	for len(items) > 0 {
		n := min(perList, len(items))
		for i := range n {
			items[i].set(first)
			first++
		}
		submit(items[:n:n])
		items = items[n:]
	}
}

func noop(arg int) int { return arg + 1 }

// busy keeps a core busy for a fixed amount of work, about a microsecond.
func busy(arg int) int {
	x := uint64(arg) | 1
	for range busyTurns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return int(x>>1) | 1
}

const busyTurns = 600

func TestPeersRunEveryItem(t *testing.T) {
	for _, p := range peers {
		run, stop := p.start()
		items := make([]item, 10*perList+3)
		for i := range items {
			items[i].work = noop
		}
		for first := range 3 {
			run(items, first)
			check(t, items, first)
		}
		items[7].work = func(int) int { panic("recovered") }
		run(items, 0)
		if items[7].err == nil {
			t.Errorf("%s: no error from an item that panics", p.name)
		}
		stop()
	}
}

func BenchmarkNoop(b *testing.B) { compare(b, noop) }

func BenchmarkBusy(b *testing.B) { compare(b, busy) }

func compare(b *testing.B, work func(int) int) {
	for _, p := range peers {
		b.Run(p.name, func(b *testing.B) {
			items := make([]item, min(round, b.N))
			for i := range items {
				items[i].work = work
			}
			run, stop := p.start()
			defer stop()
			b.ReportAllocs()
			before := cpuTime()
			b.ResetTimer()
			for done := 0; done < b.N; done += round {
				n := min(round, b.N-done)
				run(items[:n], done)
			}
			b.StopTimer()
			b.ReportMetric(float64(cpuTime()-before)/float64(b.N), "cpu-ns/op")
			n := (b.N-1)%round + 1 // the items of the last round
			check(b, items[:n], b.N-n)
		})
	}
}

// check fails if an item of a round was lost or failed.
func check(t testing.TB, items []item, first int) {
	t.Helper()
	for i := range items {
		if it := &items[i]; it.err != nil || it.arg != first+i || it.value != it.work(it.arg) {
			t.Fatalf("item %d of the round from %d: argument %d, result %d, %v", i, first, it.arg, it.value, it.err)
		}
	}
}

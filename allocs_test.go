//go:build !race

package saferunner_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

type numbers80 struct {
	ID, Order, Customer, Account, Amount, Currency, Tax, Discount, Created, Due int64
}

type slice80 struct {
	ID, Order, Customer, Weight, Height, Width, Depth int64
	Items                                             []int64
}

var (
	charge80 = saferunner.Define("payment.charge", func(context.Context, numbers80) error { return nil })
	ship80   = saferunner.Define("parcel.ship", func(context.Context, slice80) error { return nil })
)

// fill makes calls of a task with in.
func fill[In any](calls []saferunner.Call, task *saferunner.Task[In], in In) []saferunner.Call {
	for i := range calls {
		calls[i] = task.With(in)
	}
	return calls
}

// What recording costs in memory, with 80 bytes of arguments a call. The
// bytes have a part of the journal's list of runs, which grows by doubling.
func TestAllocationsOfRecordedCalls(t *testing.T) {
	one, ten, wanted := make([]saferunner.Call, 1), make([]saferunner.Call, 10), make([]saferunner.Call, 10)
	plain, items := numbers80{ID: 1}, slice80{ID: 1, Items: []int64{11, 12, 13}}
	run := func(rec *saferunnertest.Recorder, calls []saferunner.Call) {
		if _, err := saferunner.Run(rec.Context(), "order.paid", calls...); err != nil {
			t.Fatal(err)
		}
	}
	owner := &ownerOfRecorders{TB: t}
	for name, tt := range map[string]struct {
		once          func(*saferunnertest.Recorder)
		allocs, bytes uint64
	}{
		"one":              {func(rec *saferunnertest.Recorder) { run(rec, fill(one, charge80, plain)) }, 2, 321},
		"ten":              {func(rec *saferunnertest.Recorder) { run(rec, fill(ten, charge80, plain)) }, 12, 1480},
		"ten with a slice": {func(rec *saferunnertest.Recorder) { run(rec, fill(ten, ship80, items)) }, 23, 2615},
		"recorder, ten, Assert": {func(*saferunnertest.Recorder) {
			rec := saferunnertest.New(owner)
			run(rec, fill(ten, charge80, plain))
			rec.Assert("order.paid", fill(wanted, charge80, plain)...)
			owner.end()
		}, 27, 3264},
	} {
		t.Run(name, func(t *testing.T) {
			const times = 1000
			rec := saferunnertest.New(t)
			tt.once(rec) // what is set up once
			allocs, bytes := memory(func() {
				for range times {
					tt.once(rec)
				}
			})
			if allocs /= times; allocs > tt.allocs {
				t.Errorf("%d allocations, at most %d are allowed", allocs, tt.allocs)
			}
			if bytes /= times; bytes > tt.bytes {
				t.Errorf("%d bytes, at most %d are allowed", bytes, tt.bytes)
			}
		})
	}
}

// ownerOfRecorders is a test that ends many times.
type ownerOfRecorders struct {
	testing.TB
	cleanups [4]func()
	n        int
}

func (o *ownerOfRecorders) Helper() {}

func (o *ownerOfRecorders) Failed() bool { return false }

func (o *ownerOfRecorders) Cleanup(f func()) {
	o.cleanups[o.n] = f
	o.n++
}

func (o *ownerOfRecorders) end() {
	for ; o.n > 0; o.n-- {
		o.cleanups[o.n-1]()
	}
}

// memory returns what fn has allocated, while nothing else does.
func memory(fn func()) (allocs, bytes uint64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// What executing costs in memory, with 8 bytes of arguments a call.
func TestAllocationsOfExecutedCalls(t *testing.T) {
	program := filepath.Join(t.TempDir(), "allocs")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/allocs").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = append(cmd.Environ(), "SAFERUNNER_MODE=live")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	most := map[string][2]int{ // allocations and bytes of a list
		"sync3":    {5, 544},
		"async1":   {6, 800},
		"async10":  {19, 1792},
		"async100": {110, 12832},
	}
	for line := range strings.Lines(string(out)) {
		var name string
		var allocs, bytes int
		if _, err := fmt.Sscan(line, &name, &allocs, &bytes); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if want := most[name]; allocs > want[0] || bytes > want[1] {
			t.Errorf("%s: %d allocations and %d bytes, at most %v are allowed", name, allocs, bytes, want)
		}
		delete(most, name)
	}
	for name := range most {
		t.Errorf("%s was not measured:\n%s", name, out)
	}
}

// Allocs prints how many allocations and bytes calls take where they execute:
// in live mode, which no test binary can be in. Each line has a name, the
// allocations and the bytes of one list, until its last call has ended.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/saferunner/saferunner"
)

type order struct{ ID int64 }

var noop = saferunner.Define("order.noop", func(context.Context, order) error { return nil })

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	measure("sync3", 3, func(i int) saferunner.Call { return noop.With(order{int64(i)}) })
	for _, n := range []int{1, 10, 100} {
		measure(fmt.Sprint("async", n), n, func(i int) saferunner.Call { return noop.With(order{int64(i)}).Async() })
	}
}

// measure runs lists of n calls, often enough to fill the journal first.
func measure(name string, n int, call func(i int) saferunner.Call) {
	const lists = 1000
	calls := make([]saferunner.Call, n)
	var before, after runtime.MemStats
	for range 10 {
		runtime.ReadMemStats(&before)
		for range lists {
			for i := range calls {
				calls[i] = call(i)
			}
			run(calls)
		}
		runtime.ReadMemStats(&after)
		runtime.GC()
	}
	fmt.Println(name, (after.Mallocs-before.Mallocs)/lists, (after.TotalAlloc-before.TotalAlloc)/lists)
}

func run(calls []saferunner.Call) {
	ctx := context.Background()
	report, err := saferunner.Run(ctx, "order.created", calls...)
	if err == nil {
		err = report.Wait(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

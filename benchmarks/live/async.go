package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/saferunner/saferunner"
)

var asyncTask = saferunner.Define("order.async", noop)

// asyncCalls is how many no-ops a round executes, from the first Run until all
// are done.
const asyncCalls = 10_000

// taskRounds runs lists of n async calls, and waits for all of them.
func taskRounds(ctx context.Context, rounds, n int) error {
	reports := make([]*saferunner.Report, rounds)
	calls := make([]saferunner.Call, n)
	for k := range rounds {
		for i := range calls {
			calls[i] = asyncTask.With(Order{ID: int64(i)}).Async()
		}
		var err error
		if reports[k], err = saferunner.Run(ctx, "order.created", calls...); err != nil {
			return err
		}
	}
	var errs []error
	for _, report := range reports {
		errs = append(errs, report.Wait(ctx))
	}
	return errors.Join(errs...)
}

// measureAsync measures lists of one, of ten and of a hundred, in turns with
// the errgroup.
func measureAsync(ctx context.Context, length time.Duration, out io.Writer) error {
	for _, n := range []int{1, 10, 100} {
		subjects := []struct {
			name string
			run  func(ctx context.Context, rounds, n int) error
			took time.Duration
			runs int
		}{{name: "saferunner", run: taskRounds}, {name: "errgroup", run: groupRounds}}
		deadline := time.Now().Add(length)
		for turn := 0; turn < 4 || time.Now().Before(deadline); turn++ {
			for i := range subjects {
				s := &subjects[(i+turn)%len(subjects)]
				start := time.Now()
				if err := s.run(ctx, asyncCalls/n, n); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if turn >= 2 { // the first ones warm up
					s.took += time.Since(start)
					s.runs += asyncCalls
				}
			}
		}
		for _, s := range subjects {
			fmt.Fprintf(out, "BenchmarkAsync/%d/%s\t%d\t%.1f ns/op\n", n, s.name, s.runs, float64(s.took.Nanoseconds())/float64(s.runs))
		}
	}
	return nil
}

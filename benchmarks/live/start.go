package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/alitto/pond/v2"
	"golang.org/x/sync/errgroup"

	"github.com/saferunner/saferunner"
)

// begun gets the time at which an async call started. One is under way at a time.
var begun = make(chan time.Time, 1)

var startTask = saferunner.Define("order.start", func(context.Context, Order) error {
	begun <- time.Now()
	return nil
})

// measureStart measures how long an async call takes to start, where nothing else is under way: the median, since now and
// then the system starts a thread late.
func measureStart(ctx context.Context, length time.Duration, out io.Writer) error {
	pool := pond.NewPool(workers)
	defer pool.StopAndWait()
	subjects := []struct {
		name  string
		start func() error
		took  []time.Duration
	}{
		{name: "saferunner", start: func() error {
			report, err := saferunner.Run(ctx, "order.created", startTask.With(Order{ID: 1}).Async())
			if err != nil {
				return err
			}
			return report.Wait(ctx)
		}},
		{name: "pond", start: func() error { return pool.Submit(func() { begun <- time.Now() }).Wait() }},
		{name: "errgroup", start: func() error {
			var g errgroup.Group
			g.Go(func() error { begun <- time.Now(); return nil })
			return g.Wait()
		}},
	}
	deadline := time.Now().Add(length)
	for turn := 0; time.Now().Before(deadline); turn++ {
		for i := range subjects {
			s := &subjects[(i+turn)%len(subjects)]
			before := time.Now()
			if err := s.start(); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			s.took = append(s.took, (<-begun).Sub(before))
		}
	}
	for _, s := range subjects {
		slices.Sort(s.took)
		fmt.Fprintf(out, "BenchmarkStart/%s\t%d\t%.1f ns/op\n", s.name, len(s.took), float64(s.took[len(s.took)/2].Nanoseconds()))
	}
	return nil
}

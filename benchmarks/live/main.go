// Command live measures what calls cost where they execute: a list of three sync ones, and lists of async ones until all
// are done, and how long until a first one starts. It does so in live mode, which no test binary can be in. It prints its results as Go benchmarks do.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/saferunner/saferunner"
)

// Order is the argument of the calls.
type Order struct{ ID int64 }

// subject is one way to do three things that have no effect, one after the other.
type subject struct {
	name string
	run  func(ctx context.Context, order Order) error
	took time.Duration
	runs int
}

const (
	chunk  = 1000 // runs of one subject before the next one's turn
	warmUp = 10   // chunks, enough to fill the journal
)

func main() {
	length := flag.Duration("time", time.Second, "how long to measure, all subjects together")
	flag.Parse()
	ctx := context.Background()
	if err := measure(ctx, *length, os.Stdout); err != nil {
		log.Fatal(err)
	}
	if err := measureAsync(ctx, *length, os.Stdout); err != nil {
		log.Fatal(err)
	}
	if err := measureStart(ctx, *length, os.Stdout); err != nil {
		log.Fatal(err)
	}
	if err := saferunner.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
}

func measure(ctx context.Context, length time.Duration, out *os.File) error {
	subjects := []*subject{{name: "saferunner", run: runList}, {name: "handwritten", run: runByHand}, {name: "ring", run: runWithRing}}
	if err := inTurns(ctx, subjects, func(turn int) bool { return turn < warmUp }); err != nil {
		return err
	}
	for _, s := range subjects {
		s.took, s.runs = 0, 0
	}
	deadline := time.Now().Add(length)
	if err := inTurns(ctx, subjects, func(int) bool { return time.Now().Before(deadline) }); err != nil {
		return err
	}
	for _, s := range subjects {
		fmt.Fprintf(out, "BenchmarkLive/%s\t%d\t%.1f ns/op\n", s.name, s.runs, float64(s.took.Nanoseconds())/float64(s.runs))
	}
	return nil
}

// inTurns runs a chunk of each subject as long as more says so; who goes first changes with every turn.
func inTurns(ctx context.Context, subjects []*subject, more func(turn int) bool) error {
	for turn := 0; more(turn); turn++ {
		for i := range subjects {
			s := subjects[(i+turn)%len(subjects)]
			start := time.Now()
			for n := range chunk {
				if err := s.run(ctx, Order{ID: int64(n)}); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
			}
			s.took += time.Since(start)
			s.runs += chunk
		}
	}
	return nil
}

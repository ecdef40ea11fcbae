// Command durable measures the durable engine beside plain River at the same
// settings, on SQLite and on Postgres: queueing in batches, working what is
// queued, one run of a hundred calls from Run to its last call, idling, and on
// Postgres working with two and with four processes. It is a program, because nothing executes in a test binary. It measures
// each once, in a new order each time; benchmarks/run does so ten times.
//
//	durable [-postgres URL] [-only sqlite|postgres]
//
// Without a URL it starts a throwaway cluster.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/saferunner/saferunner/benchmarks/internal/throwaway"
)

const (
	jobs     = 10_000
	batch    = 100
	workers  = 100
	runs     = 30
	settling = 500 * time.Millisecond
	idling   = 3 * time.Second
)

// subject queues and works jobs in a database of its own.
type subject interface {
	enqueue(ctx context.Context, n int) error
	start(ctx context.Context, worked func()) error
	stop(ctx context.Context) error
	close(ctx context.Context) error
}

func main() {
	flag.Duration("time", 0, "ignored: a pass takes as long as it takes")
	only := flag.String("only", "", "sqlite or postgres")
	url := flag.String("postgres", os.Getenv("SAFERUNNER_TEST_POSTGRES"), "URL of a Postgres server")
	work := flag.String("work", "", "a subject: work in the database of the first argument, from a line on standard input until its end")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if *work != "" {
		if err := workAlong(context.Background(), *work, flag.Arg(0)); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := run(context.Background(), *url, *only); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url, only string) error {
	dir, err := os.MkdirTemp("", "durable")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if only != "sqlite" {
		var end func()
		if url, end, err = throwaway.Server(url); err != nil {
			return err
		}
		defer end()
	}
	all := subjects(dir, url)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, s := range all {
		if !strings.HasPrefix(s.name, only) {
			continue
		}
		if err := measure(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// named is a subject that can be opened, in a database that is made for it.
type named struct {
	name     string
	database func(ctx context.Context) (string, error)
	open     func(ctx context.Context, database string) (subject, error)
}

func measure(ctx context.Context, n named) error {
	database, err := n.database(ctx)
	if err != nil {
		return err
	}
	s, err := n.open(ctx, database)
	if err != nil {
		return err
	}
	begin := time.Now()
	for range jobs / batch {
		if err := s.enqueue(ctx, batch); err != nil {
			return err
		}
	}
	n.show("Enqueue", "ns/op", time.Since(begin)/jobs)

	counter := newCounter(jobs)
	begin = time.Now()
	if err := s.start(ctx, counter.done); err != nil {
		return err
	}
	<-counter.all
	if err := s.stop(ctx); err != nil {
		return err
	}
	n.show("Work", "ns/op", time.Since(begin)/jobs)

	if err := s.start(ctx, counter.done); err != nil {
		return err
	}
	took := make([]time.Duration, runs)
	for i := range took {
		if took[i], err = one(ctx, s, counter); err != nil {
			return err
		}
	}
	slices.Sort(took)
	n.show("RunOf100", "ns/op", took[runs/2])

	time.Sleep(settling)
	used, begin := processorTime(), time.Now()
	time.Sleep(idling)
	n.show("IdleSecond", "cpu-ns/op", time.Duration(float64(processorTime()-used)/time.Since(begin).Seconds()))
	if err := s.stop(ctx); err != nil {
		return err
	}
	if strings.HasPrefix(n.name, "postgres") {
		for _, processes := range []int{2, 4} {
			if err := n.together(ctx, s, database, processes); err != nil {
				return err
			}
		}
	}
	return s.close(ctx)
}

// one returns how long a batch takes from its queueing to its last job.
func one(ctx context.Context, s subject, c *counter) (time.Duration, error) {
	c.expect(batch)
	begin := time.Now()
	if err := s.enqueue(ctx, batch); err != nil {
		return 0, err
	}
	<-c.all
	took := time.Since(begin)
	time.Sleep(20 * time.Millisecond) // until it is all written
	return took, nil
}

func (n named) show(what, unit string, d time.Duration) {
	fmt.Printf("BenchmarkDurable%s/%s\t1\t%d %s\n", what, n.name, d.Nanoseconds(), unit)
}

// Command durable measures the durable engine beside plain River at the same
// settings, on SQLite and on Postgres: queueing in batches, working what is
// queued, one run of a hundred calls from Run to its last call, and idling.
// It is a program, because nothing executes in a test binary.
//
//	durable [-rounds 5] [-postgres URL]
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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/saferunner/saferunner/internal/pgcluster"
)

const (
	jobs     = 5000
	batch    = 100
	workers  = 100
	runs     = 30
	idleTime = 5 * time.Second
)

// subject queues and works jobs in a database of its own.
type subject interface {
	enqueue(ctx context.Context, n int) error
	start(ctx context.Context, worked func()) error
	stop(ctx context.Context) error
	close(ctx context.Context) error
}

func main() {
	rounds := flag.Int("rounds", 5, "how often to measure each subject, in turns")
	flag.Duration("time", 0, "ignored: a pass takes as long as it takes")
	only := flag.String("only", "", "sqlite or postgres")
	url := flag.String("postgres", os.Getenv("SAFERUNNER_TEST_POSTGRES"), "URL of a Postgres server")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err := run(context.Background(), *rounds, *url, *only); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, rounds int, url, only string) error {
	dir, err := os.MkdirTemp("", "durable")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if url == "" {
		cluster, err := pgcluster.Start(filepath.Join(os.TempDir(), fmt.Sprintf("saferunner-postgres-bench-%d", os.Getpid())))
		if err != nil {
			return err
		}
		defer func() { _ = cluster.Remove() }()
		url = cluster.URL
	}
	figures := map[string][]float64{}
	for round := range rounds {
		for _, s := range subjects(dir, url) {
			if !strings.HasPrefix(s.name, only) {
				continue
			}
			if err := measure(ctx, s, round, figures); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	names := []string{}
	for name := range figures {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(figures[name])
		fmt.Printf("Benchmark%s\t%d\t%.0f ns/op\n", name, len(figures[name]), figures[name][len(figures[name])/2])
	}
	return nil
}

// named is a subject that can be made anew.
type named struct {
	name string
	open func(ctx context.Context, round int) (subject, error)
}

func measure(ctx context.Context, n named, round int, figures map[string][]float64) error {
	s, err := n.open(ctx, round)
	if err != nil {
		return err
	}
	note := func(what string, took time.Duration, ops int) {
		name := what + "/" + n.name
		figures[name] = append(figures[name], float64(took.Nanoseconds())/float64(ops))
	}
	begin := time.Now()
	for range jobs / batch {
		if err := s.enqueue(ctx, batch); err != nil {
			return err
		}
	}
	note("Enqueue", time.Since(begin), jobs)

	counter := newCounter(jobs)
	begin = time.Now()
	if err := s.start(ctx, counter.done); err != nil {
		return err
	}
	<-counter.all
	if err := s.stop(ctx); err != nil {
		return err
	}
	note("Work", time.Since(begin), jobs)

	counter = newCounter(0)
	if err := s.start(ctx, counter.done); err != nil {
		return err
	}
	took := make([]time.Duration, runs)
	for i := range took {
		counter.expect(batch)
		begin := time.Now()
		if err := s.enqueue(ctx, batch); err != nil {
			return err
		}
		<-counter.all
		took[i] = time.Since(begin)
		time.Sleep(20 * time.Millisecond) // until it is all written
	}
	slices.Sort(took)
	note("RunOf100", took[runs/2], 1)

	time.Sleep(time.Second)
	used, begin := processorTime(), time.Now()
	time.Sleep(idleTime)
	note("IdleSecond", time.Duration(float64(processorTime()-used)/time.Since(begin).Seconds()), 1)
	if err := s.stop(ctx); err != nil {
		return err
	}
	return s.close(ctx)
}

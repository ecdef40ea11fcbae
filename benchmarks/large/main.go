// Command large measures the durable engine with much in it: a run of 10,000 and
// one of 100,000 async calls, and a look of Report.Wait while 200,000 calls are
// queued and Postgres has statistics. It measures each once; benchmarks/run does
// so ten times.
//
//	large [-postgres URL]
//
// Without a URL it starts a throwaway cluster.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/benchmarks/internal/throwaway"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/riverengine"
)

const (
	looks  = 200
	queued = 200_000
)

func main() {
	flag.Duration("time", 0, "ignored: a pass takes as long as it takes")
	url := flag.String("postgres", os.Getenv("SAFERUNNER_TEST_POSTGRES"), "URL of a Postgres server")
	flag.Parse()
	if err := run(context.Background(), *url); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url string) error {
	dir, err := os.MkdirTemp("", "large")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	url, end, err := throwaway.Server(url)
	if err != nil {
		return err
	}
	defer end()
	if url, err = throwaway.Database(ctx, url, "large"); err != nil {
		return err
	}
	if err := measure(ctx, "sqlite", "sqlite:"+filepath.Join(dir, "large.db"), func() error { return nil }); err != nil {
		return err
	}
	return measure(ctx, "postgres", url, func() error { return exec(ctx, url, "ANALYZE") })
}

func exec(ctx context.Context, url, statement string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func measure(ctx context.Context, name, dsn string, analyze func() error) error {
	engine, err := riverengine.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	task := saferunner.Define("note.take", func(context.Context, int) error { return nil })
	for _, n := range []int{10_000, 100_000} {
		calls := make([]saferunner.Call, n)
		for i := range calls {
			calls[i] = task.With(i).Async()
		}
		begin := time.Now()
		if _, err := runner.Run(ctx, "order.created", calls...); err != nil {
			return err
		}
		show("Run", fmt.Sprintf("%s/%d", name, n), time.Since(begin))
	}
	calls := make([]saferunner.Call, 100)
	for i := range calls {
		calls[i] = task.With(i).Async()
	}
	var last *saferunner.Report
	for n := 110_000; n < queued; n += len(calls) {
		if last, err = runner.Run(ctx, "order.created", calls...); err != nil {
			return err
		}
	}
	if err := analyze(); err != nil {
		return err
	}
	look := journal.Query{Run: last.ID(), Statuses: []journal.Status{journal.StatusQueued, journal.StatusRunning}, Limit: 1}
	begin := time.Now()
	for range looks {
		if page, err := engine.Journal().Query(ctx, look); err != nil || len(page.Entries) != 1 {
			return fmt.Errorf("a look has found %d calls: %w", len(page.Entries), err)
		}
	}
	show("Look", name, time.Since(begin)/looks)
	return runner.Shutdown(ctx)
}

func show(what, name string, d time.Duration) {
	fmt.Printf("BenchmarkLarge%s/%s\t1\t%d ns/op\n", what, name, d.Nanoseconds())
}

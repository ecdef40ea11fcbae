// Calls queues or works calls that write a line each, for tests that kill it.
//
//	calls DSN queue COUNT
//	calls DSN work FILE
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/riverengine"
)

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var file *os.File

// write is the effect: one line, which a crash cannot tear.
func write(task string) func(context.Context, int) error {
	return func(_ context.Context, n int) error {
		_, err := file.WriteString(task + " " + strconv.Itoa(n) + "\n")
		time.Sleep(5 * time.Millisecond)
		return err
	}
}

var (
	once  = saferunner.Define("write.once", write("once"), saferunner.Timeout(time.Second))
	again = saferunner.Define("write.again", write("again"), saferunner.Timeout(time.Second),
		saferunner.Attempts(5), saferunner.Backoff(time.Millisecond, time.Minute))
)

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx = liveness.WithPace(ctx, liveness.Pace{Renew: 500 * time.Millisecond, Dead: 5 * time.Second, Judge: 6 * time.Second})
	engine, err := riverengine.Open(ctx, os.Args[1], riverengine.Concurrency(20))
	if err != nil {
		return err
	}
	defer engine.Close()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	if os.Args[2] == "queue" {
		return queue(ctx, runner, os.Args[3])
	}
	if file, err = os.OpenFile(os.Args[3], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	if err := runner.Start(ctx, once, again); err != nil {
		return err
	}
	fmt.Println("works")
	<-ctx.Done()
	patient, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return runner.Shutdown(patient)
}

func queue(ctx context.Context, runner *saferunner.Runner, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for i := 0; i < n; i += 100 {
		var calls []saferunner.Call
		for k := i; k < i+100; k += 2 {
			calls = append(calls, once.With(k).Async(), again.With(k+1).Async())
		}
		if _, err := runner.Run(ctx, "crash", calls...); err != nil {
			return err
		}
	}
	return runner.Shutdown(ctx)
}

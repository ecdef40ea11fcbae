package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// A runner with options, made the default before anything runs.
func ExampleNew() {
	runner, err := saferunner.New(
		saferunner.Concurrency(16),
		saferunner.WithLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil))),
		saferunner.OnFailure(func(ctx context.Context, e journal.Entry, err error) {
			log.Printf("page somebody: %s of %s failed for good: %v", e.Task, e.RunID, err)
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	saferunner.SetDefault(runner)
	defer saferunner.SetDefault(nil)

	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	report, err := saferunner.Run(context.Background(), "start", hello.With("world"))
	fmt.Println(report.Recorded(), err)
	// Output: [hello] <nil>
}

// A dry run: the same code, and nothing executes, in production either.
func ExampleRecordOnly() {
	dry, err := saferunner.New(saferunner.RecordOnly())
	if err != nil {
		log.Fatal(err)
	}
	deleteUser := saferunner.Define("user.delete", func(context.Context, string) error { return nil })
	cleanUp := func(ctx context.Context) error {
		_, err := saferunner.Run(ctx, "clean.up", deleteUser.With("u-1"), deleteUser.With("u-2"))
		return err
	}

	ctx := saferunner.NewContext(context.Background(), dry) // cleanUp runs on dry
	if err := cleanUp(ctx); err != nil {
		log.Fatal(err)
	}
	calls, err := dry.Calls(ctx, "clean.up")
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range calls {
		fmt.Printf("would call %s %s\n", c.Task, c.Args)
	}
	// Output:
	// would call user.delete "u-1"
	// would call user.delete "u-2"
}

func ExampleCalls() {
	ctx := context.Background()
	sendSMS := saferunner.Define("sms.send", func(context.Context, map[string]string) error { return nil })
	if _, err := saferunner.Run(ctx, "calls.example", sendSMS.With(map[string]string{"to": "+27821234567"})); err != nil {
		log.Fatal(err)
	}

	calls, err := saferunner.Calls(ctx, "calls.example")
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range calls {
		fmt.Println(c.Task, c.Status, string(c.Args))
	}
	// Output: sms.send recorded {"to":"+27821234567"}
}

func ExampleClear() {
	ctx := context.Background()
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	if _, err := saferunner.Run(ctx, "clear.example", hello.With("world")); err != nil {
		log.Fatal(err)
	}

	if err := saferunner.Clear(ctx); err != nil {
		log.Fatal(err)
	}
	calls, err := saferunner.Calls(ctx, "clear.example")
	fmt.Println(len(calls), err)
	// Output: 0 <nil>
}

// Every main ends with Shutdown, or its async calls end with the process. A
// server ends first: its handlers make calls.
func ExampleShutdown() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: "localhost:8080"}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Print(err)
			stop()
		}
	}()
	<-ctx.Done()
	stop() // a second Ctrl-C ends the program at once

	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second) // less than the platform grants
	defer cancel()
	if err := errors.Join(server.Shutdown(grace), saferunner.Shutdown(grace)); err != nil {
		log.Print(err) // names each call that was cut off
	}
}

// A task that cannot run now is tried again later.
func ExampleLater() {
	errBusy := errors.New("busy")
	ask := func() error { return errBusy }

	count := saferunner.Define("stock.count", func(ctx context.Context, shelf string) error {
		if errors.Is(ask(), errBusy) {
			return saferunner.Later(time.Minute) // this attempt does not count
		}
		return nil
	}, saferunner.Attempts(3))

	report, err := saferunner.Run(context.Background(), "night", count.With("A7").Async())
	fmt.Println(report.Recorded(), err)
	// Output: [stock.count] <nil>
}

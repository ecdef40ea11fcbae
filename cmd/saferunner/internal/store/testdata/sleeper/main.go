// Command sleeper queues one call and executes another for ever, to be killed.
//
//	sleeper JOURNAL NAME RENEW DEAD JUDGE
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/store"
	"github.com/saferunner/saferunner/internal/liveness"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, path, name string, pace []string) error {
	var spans [3]time.Duration
	for i := range spans {
		d, err := time.ParseDuration(pace[i])
		if err != nil {
			return err
		}
		spans[i] = d
	}
	calls, err := store.Open(liveness.WithPace(ctx, liveness.Pace{Renew: spans[0], Dead: spans[1], Judge: spans[2]}), path)
	if err != nil {
		return err
	}
	runner, err := saferunner.New(saferunner.WithJournal(calls))
	if err != nil {
		return err
	}
	remind := saferunner.Define("customer.remind", func(context.Context, string) error { return nil })
	charge := saferunner.Define("card.charge", func(context.Context, string) error {
		fmt.Println("executing")
		select {}
	})
	_, err = runner.Run(ctx, "order."+name,
		remind.With(name).Async().After(time.Hour).Key(name), charge.With(name).Key(name))
	return err
}

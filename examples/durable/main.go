// Durable takes an order and sends its receipt later, whatever crashes in
// between. Run it with the database that is to keep the calls:
//
//	durable sqlite:orders.db
//	durable postgres://user:password@host/database
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/riverengine"
)

type receipt struct{ Order, To string }

var sendReceipt = saferunner.Define("receipt.send", func(ctx context.Context, r receipt) error {
	_, err := fmt.Printf("sent the receipt of %s to %s\n", r.Order, r.To)
	return err
}, saferunner.Timeout(10*time.Second), saferunner.Attempts(5))

func run(ctx context.Context, database string) (err error) {
	engine, err := riverengine.Open(ctx, database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		return err
	}
	saferunner.SetDefault(runner) // for saferunner.Run, wherever it is called
	// Before Close: lets what executes end, and leaves what is queued for the next start.
	defer func() {
		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = errors.Join(err, saferunner.Shutdown(grace))
	}()
	if err := runner.Start(ctx, sendReceipt); err != nil { // this process executes calls of these tasks
		return err
	}
	return takeOrder(ctx) // the program itself
}

func takeOrder(ctx context.Context) error {
	order := sendReceipt.With(receipt{"order 17", "ann@example.com"}).Async().Key("order 17")
	report, err := saferunner.Run(ctx, "order.created", order)
	if err != nil {
		return err
	}
	return report.Wait(ctx) // a server would go on instead
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: durable sqlite:FILE | postgres://...")
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

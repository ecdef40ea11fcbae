package riverengine_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/riverengine"
)

var sendReceipt = saferunner.Define("receipt.send", func(_ context.Context, order int) error {
	fmt.Println("sent the receipt of", order)
	return nil
})

// A main that keeps its calls in a file.
func ExampleOpen() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	engine, err := riverengine.Open(ctx, "sqlite:app.db")
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	runner, err := saferunner.New(saferunner.WithEngine(engine))
	if err != nil {
		log.Fatal(err)
	}
	saferunner.SetDefault(runner)
	if err := runner.Start(ctx, sendReceipt); err != nil {
		log.Fatal(err)
	}
	<-ctx.Done() // serve until then

	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second) // less than the platform grants
	defer cancel()
	if err := saferunner.Shutdown(grace); err != nil {
		log.Print(err)
	}
}

// The order and its receipt: both or neither.
func ExampleRunPgxTx() {
	place := func(ctx context.Context, pool *pgxpool.Pool, order int) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO orders (id) VALUES ($1)", order); err != nil {
				return err
			}
			_, err := riverengine.RunPgxTx(ctx, tx, "order.created", sendReceipt.With(order).Async())
			return err
		})
	}
	_ = place
}

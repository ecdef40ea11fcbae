package riverengine_test

import (
	"context"
	"database/sql"
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

// The order and its receipt: both or neither. Here, in a test, the receipt is
// recorded if the order is there.
func ExampleInTx() {
	place := func(ctx context.Context, db *sql.DB, order int) error {
		return riverengine.InTx(ctx, db, func(ctx context.Context, tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO orders (id) VALUES (?)", order); err != nil {
				return err
			}
			_, err := saferunner.Run(ctx, "order.placed", sendReceipt.With(order).Async())
			return err
		})
	}

	ctx := context.Background()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // another connection would have a memory of its own
	if _, err := db.ExecContext(ctx, "CREATE TABLE orders (id integer CHECK (id > 0))"); err != nil {
		log.Fatal(err)
	}
	for _, order := range []int{17, -1} {
		if err := place(ctx, db, order); err != nil {
			fmt.Println("not placed:", order)
		}
	}
	calls, err := saferunner.Calls(ctx, "order.placed")
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range calls {
		fmt.Println(c.Task, string(c.Args))
	}
	// Output:
	// not placed: -1
	// receipt.send 17
}

// In a transaction that others begin and commit.
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

// Command shop takes one order.
//
//	go run ./cmd/shop                          charges, texts and updates
//	SAFERUNNER_MODE=record go run ./cmd/shop   does nothing, and shows what it would have done
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/examples/shop"
)

func main() {
	ctx := context.Background()
	if err := errors.Join(sell(ctx), shutdown(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func sell(ctx context.Context) error {
	order := shop.Order{ID: "1001", Phone: "+27821234567", Cents: 4200}
	card := shop.Card{Holder: "T. Customer", Number: "4111 1111 1111 1111"}
	receipt, err := shop.Checkout(ctx, order, card)
	if err != nil {
		return err
	}
	fmt.Println("receipt:", receipt.ID)
	return show(ctx)
}

// show prints what was recorded instead of executed.
func show(ctx context.Context) error {
	if !saferunner.TestMode() {
		return nil
	}
	entries, err := saferunner.Calls(ctx, "order.created")
	if err != nil {
		return err
	}
	fmt.Println("recorded, not executed:")
	for _, e := range entries {
		fmt.Printf("  %-12s async=%-5t %s\n", e.Task, e.Async, e.Args)
	}
	return nil
}

// shutdown lets async calls end before the process does.
func shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return saferunner.Shutdown(ctx)
}

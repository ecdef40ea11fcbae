// Functions makes one Run and writes down which functions it has passed.
// scripts/functions builds it with coverage of the whole module.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/coverage"

	"github.com/saferunner/saferunner"
)

type order struct {
	ID    string
	Cents int
}

var charge = saferunner.Define("card.charge", func(context.Context, order) error { return nil })

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is one Run of one call, sync or async, after another that has set up
// what is set up once.
func run(how, dir string) error {
	ctx, call := context.Background(), charge.With(order{"1001", 4200})
	if how == "async" {
		call = call.Async()
	}
	for range 2 {
		if err := coverage.ClearCounters(); err != nil {
			return err
		}
		report, err := saferunner.Run(ctx, "order.paid", call)
		if err != nil {
			return err
		}
		if how == "async" {
			if err := report.Wait(ctx); err != nil {
				return err
			}
		}
	}
	if err := coverage.WriteMetaDir(dir); err != nil {
		return err
	}
	return coverage.WriteCountersDir(dir)
}

// Early is a program, and a test binary, whose environment is changed before
// package saferunner is initialised.
package main

import (
	"context"
	"fmt"

	"github.com/saferunner/saferunner"
	_ "github.com/saferunner/saferunner/testdata/escape/early/first"
)

var plain = saferunner.Define("escape.plain", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	return nil
})

func main() { run() }

func run() {
	report, err := saferunner.Run(context.Background(), "run", plain.With("sync"))
	fmt.Println(report.Recorded(), err)
}

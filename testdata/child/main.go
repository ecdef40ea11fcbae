// Child runs one sync and one async call and prints what became of them. It
// is started by tests, which are not to see "executed" unless they ask for it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/saferunner/saferunner"
)

var announce = saferunner.Define("child.announce", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	return nil
})

func main() {
	ctx := context.Background()
	report, err := saferunner.Run(ctx, "child.started", announce.With("sync"), announce.With("async").Async())
	if err != nil {
		fmt.Println("error:", err)
	}
	if err := report.Wait(ctx); err != nil {
		fmt.Println("wait:", err)
	}
	for _, o := range report.Outcomes() {
		fmt.Println(o.Task, o.Status)
	}
	fmt.Println("test mode:", saferunner.TestMode())
	if err := saferunner.Clear(ctx); err != nil {
		fmt.Println("clear:", err)
	}
	if err := saferunner.Shutdown(ctx); err != nil {
		fmt.Println("shutdown:", err)
		os.Exit(1)
	}
}

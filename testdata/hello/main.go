// Command hello runs the example of the Django original. A test starts it
// with FORCE_RUN_SIDE_EFFECTS set.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/saferunner/saferunner"
)

var (
	hello             = saferunner.Define("hello", sayHello)
	doSomethingSlowly = saferunner.Define("do_something_slowly", doSlowly)
	ping              = saferunner.DefineResult("ping", answer)
)

func sayHello(_ context.Context, name string) error {
	fmt.Println("executed: hello", name)
	return nil
}

func doSlowly(_ context.Context, seconds int) error {
	fmt.Println("executed: slowly", seconds)
	return nil
}

func answer(context.Context, string) (string, error) {
	fmt.Println("executed: ping")
	return "pong", nil
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	report, err := saferunner.Run(ctx, "this_is_a_test",
		hello.With("world"),
		doSomethingSlowly.With(10).Async(),
		ping.With("are you there?"),
	)
	if err != nil {
		return err
	}
	if err := report.Wait(ctx); err != nil {
		return err
	}
	fmt.Println("results:", report.Results(), "recorded:", report.Recorded())
	return saferunner.Shutdown(ctx)
}

package saferunner_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/saferunner/saferunner"
)

var (
	hello             = saferunner.Define("hello", sayHello)
	doSomethingSlowly = saferunner.Define("do_something_slowly", sleep)
)

func sayHello(_ context.Context, name string) error {
	fmt.Println("hello", name)
	return nil
}

func sleep(ctx context.Context, seconds int) error {
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The example of the Django original. Under go test, as here, nothing
// executes: it prints no hello, takes no ten seconds, and both calls are
// recorded.
func Example_hello() {
	ctx := context.Background()
	_, err := saferunner.Run(ctx, "this_is_a_test",
		hello.With("world"),
		doSomethingSlowly.With(10).Async(),
	)
	if err != nil {
		log.Fatal(err)
	}
	calls, err := saferunner.Calls(ctx, "this_is_a_test")
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range calls {
		fmt.Printf("%s %s async=%t %s\n", c.Task, c.Args, c.Async, c.Status)
	}
	// Output:
	// hello "world" async=false recorded
	// do_something_slowly 10 async=true recorded
}

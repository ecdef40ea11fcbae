package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime/trace"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
)

// Five attempts, with 2, 4, 8 and 10 seconds between them.
func ExampleBackoff() {
	updateCRM := func(ctx context.Context, order string) error {
		return errors.New("the CRM is away") // not reached under go test
	}

	UpdateCRM := saferunner.Define("crm.update", updateCRM,
		saferunner.Attempts(5),
		saferunner.Backoff(2*time.Second, 10*time.Second),
	)

	report, err := saferunner.Run(context.Background(), "order.created", UpdateCRM.With("1001").Async())
	fmt.Println(report.Recorded(), err)
	// Output: [crm.update] <nil>
}

// Credentials is a type of somebody else: it has no tags.
type Credentials struct{ User, Password string }

// The password reaches the task, and nothing that is written down.
func ExampleRedact() {
	ctx := context.Background()
	type Login struct {
		Host string
		As   Credentials
	}
	login := func(ctx context.Context, l Login) error {
		return errors.New("the vendor is down") // not reached under go test
	}

	LogIn := saferunner.Define("vendor.log_in", login, saferunner.Redact("As.Password"))

	if err := LogIn.Do(ctx, "redact.example", Login{"crm.example.com", Credentials{"shop", "secret"}}); err != nil {
		log.Fatal(err)
	}
	calls, err := saferunner.Calls(ctx, "redact.example")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(calls[0].Args))
	// Output: {"Host":"crm.example.com","As":{"User":"shop","Password":"[redacted]"}}
}

// Each attempt that executes becomes a task of runtime/trace. Nothing executes
// under go test, as here, so there is nothing to wrap.
func ExampleWithMiddleware() {
	runner, err := saferunner.New(saferunner.WithMiddleware(traced))
	if err != nil {
		log.Fatal(err)
	}
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	report, err := runner.Run(context.Background(), "start", hello.With("world"))
	fmt.Println(report.Recorded(), err)
	// Output: [hello] <nil>
}

func traced(ctx context.Context, call saferunner.CallInfo, next func(context.Context) error) error {
	ctx, span := trace.NewTask(ctx, call.Task)
	defer span.End()
	trace.Logf(ctx, "call", "run ID %s, attempt %d", call.RunID, call.Attempt)
	err := next(ctx) // once, with a ctx made from the one it got
	if err != nil {
		trace.Log(ctx, "error", err.Error())
	}
	return err
}

// The function is told of each async call that has failed for good.
func ExampleOnFailure() {
	runner, err := saferunner.New(saferunner.OnFailure(func(ctx context.Context, e journal.Entry, err error) {
		log.Printf("%s of %s has failed for good: %v", e.Task, e.RunID, err)
	}))
	if err != nil {
		log.Fatal(err)
	}
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	report, err := runner.Run(context.Background(), "start", hello.With("world").Async())
	fmt.Println(report.Recorded(), err) // recorded, so it cannot fail
	// Output: [hello] <nil>
}

// A function that wraps Run says so. The journal then names the line that
// called it, not its own.
func ExampleHelper() {
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	greet := func(ctx context.Context, name string) error {
		saferunner.Helper()
		return hello.Do(ctx, "greet", name)
	}

	fmt.Println(greet(context.Background(), "world"))
	// Output: <nil>
}

// A call that waits for its time can be taken out.
func ExampleRunner_Cancel() {
	ctx := context.Background()
	remind := saferunner.Define("cart.remind", func(context.Context, string) error { return nil })
	report, err := saferunner.Run(ctx, "cart.left", remind.With("cart-7").After(time.Hour))
	if err != nil {
		log.Fatal(err)
	}

	id := report.Outcomes()[0].EntryID
	if err := saferunner.Default().Cancel(ctx, id); err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Outcomes()[0].Status)
	fmt.Println(errors.Is(saferunner.Default().Cancel(ctx, id), saferunner.ErrEnded))
	// Output:
	// cancelled
	// true
}

// A Report says what has become of each call at the time it is asked.
func ExampleReport() {
	ctx := context.Background()
	sendSMS := saferunner.Define("sms.send", func(context.Context, string) error { return nil })

	report, err := saferunner.Run(ctx, "user.welcome", sendSMS.With("+27821234567"))
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range report.Outcomes() {
		fmt.Println(report.RunID(), o.Task, o.Status, o.Err)
	}
	// Output: user.welcome sms.send recorded <nil>
}

// A run of one sync call.
func ExampleTask_Do() {
	sendSMS := saferunner.Define("sms.send", func(context.Context, string) error {
		return errors.New("the gateway is down") // not reached under go test
	})

	err := sendSMS.Do(context.Background(), "user.welcome", "+27821234567")
	fmt.Println(err)
	// Output: <nil>
}

// A worker in another process gets the ID of the trace, as metadata.
func ExamplePropagate() {
	type traceID struct{}
	inject := func(ctx context.Context) map[string]string {
		id, _ := ctx.Value(traceID{}).(string)
		return map[string]string{"trace": id}
	}
	extract := func(ctx context.Context, metadata map[string]string) context.Context {
		return context.WithValue(ctx, traceID{}, metadata["trace"])
	}

	runner, err := saferunner.New(saferunner.Propagate(inject, extract)) // and WithEngine
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(runner.Shutdown(context.Background()))
	// Output: <nil>
}

// The newest failures, whatever their run ID, from the journal itself.
func ExampleRunner_Journal() {
	ctx := context.Background()
	runner := saferunner.Default()
	page, err := runner.Journal().Query(ctx, journal.Query{
		Statuses: []journal.Status{journal.StatusFailed, journal.StatusInterrupted},
		Limit:    20,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range page.Entries {
		fmt.Println(e.Task, e.RunID, e.ErrorText())
	}
	// Output:
}

// After Shutdown a runner takes no more calls.
func ExampleRunner_Shutdown() {
	ctx := context.Background()
	runner, err := saferunner.New()
	if err != nil {
		log.Fatal(err)
	}
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })
	if _, err := runner.Run(ctx, "start", hello.With("world").Async()); err != nil {
		log.Fatal(err)
	}

	fmt.Println(runner.Shutdown(ctx)) // waits for async calls
	_, err = runner.Run(ctx, "start", hello.With("again"))
	fmt.Println(errors.Is(err, saferunner.ErrShutdown))
	// Output:
	// <nil>
	// true
}

// The code under ctx uses this runner, not the default one.
func ExampleNewContext() {
	runner, err := saferunner.New()
	if err != nil {
		log.Fatal(err)
	}
	hello := saferunner.Define("hello", func(context.Context, string) error { return nil })

	ctx := saferunner.NewContext(context.Background(), runner)
	if _, err := saferunner.Run(ctx, "new.context", hello.With("world")); err != nil {
		log.Fatal(err)
	}
	calls, err := runner.Calls(ctx, "new.context")
	fmt.Println(len(calls), err)
	// Output: 1 <nil>
}

// It is on in a test binary, as here.
func ExampleTestMode() {
	fmt.Println(saferunner.TestMode())
	// Output: true
}

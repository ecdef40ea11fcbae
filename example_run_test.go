package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/saferunner/saferunner"
)

// In production the first call executes before Run returns, and the second
// one beside what follows. Under go test, as here, both are recorded.
func ExampleRun() {
	ctx := context.Background()
	sendSMS := saferunner.Define("sms.send", func(ctx context.Context, to string) error {
		return errors.New("the gateway is down") // not reached under go test
	})
	updateCRM := saferunner.Define("crm.update", func(ctx context.Context, order int) error {
		return errors.New("the CRM is away") // not reached under go test
	})

	report, err := saferunner.Run(ctx, "order.created",
		sendSMS.With("+27821234567"),
		updateCRM.With(1001).Async(),
	)
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range report.Outcomes() {
		fmt.Println(o.Task, o.Status)
	}
	// Output:
	// sms.send recorded
	// crm.update recorded
}

// Run returns the call that stopped its list as a CallError.
func ExampleCallError() {
	describe := func(err error) {
		if call, ok := errors.AsType[*saferunner.CallError](err); ok {
			fmt.Printf("%s, attempt %d: %v\n", call.Task, call.Attempt, call.Err)
		}
	}

	describe(&saferunner.CallError{RunID: "order.created", Task: "sms.send", Attempt: 1, Err: errors.New("the gateway is down")})
	// Output: sms.send, attempt 1: the gateway is down
}

func ExampleCall_Key() {
	ctx := context.Background()
	charge := saferunner.Define("card.charge", func(ctx context.Context, cents int) error {
		return errors.New("the bank is closed") // not reached under go test
	})

	// However often this runs, the card is charged once for the order: any
	// further call ends as a duplicate.
	_, err := saferunner.Run(ctx, "order.paid", charge.With(4200).Key("order-1001"))
	if err != nil {
		log.Fatal(err)
	}
	calls, err := saferunner.Calls(ctx, "order.paid")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(calls[len(calls)-1].Key)
	// Output: order-1001
}

func ExampleCall_BestEffort() {
	ctx := context.Background()
	ping := saferunner.Define("stats.ping", func(context.Context, string) error { return errors.New("no stats today") })
	sendSMS := saferunner.Define("sms.send", func(context.Context, string) error { return nil })

	// If the first call fails, the second one is made all the same, and Run
	// returns no error.
	report, err := saferunner.Run(ctx, "user.welcome",
		ping.With("welcome").BestEffort(),
		sendSMS.With("+27821234567"),
	)
	fmt.Println(report.Recorded(), err)
	// Output: [stats.ping sms.send] <nil>
}

func ExampleCall_After() {
	remind := saferunner.Define("cart.remind", func(context.Context, string) error { return nil })

	// Async, and not before an hour has passed.
	report, err := saferunner.Run(context.Background(), "cart.left", remind.With("cart-7").After(time.Hour))
	fmt.Println(report.Recorded(), err)
	// Output: [cart.remind] <nil>
}

// The key of a call is passed on as the vendor's idempotency key, so that a
// request that was sent twice counts once there too.
func ExampleCurrent() {
	charge := saferunner.Define("card.charge", func(ctx context.Context, cents int) error {
		call, _ := saferunner.Current(ctx)
		return postToBank(ctx, cents, call.Key)
	})

	report, err := saferunner.Run(context.Background(), "order.paid", charge.With(4200).Key("order-1001"))
	fmt.Println(report.Recorded(), err)
	// Output: [card.charge] <nil>
}

// postToBank sends the key as the header that the bank asks for.
func postToBank(_ context.Context, cents int, idempotencyKey string) error {
	return fmt.Errorf("charge %d cents with key %s: the bank is closed", cents, idempotencyKey)
}

// Wait returns when the async calls of the run have ended, and their errors.
func ExampleReport_Wait() {
	ctx := context.Background()
	resize := saferunner.Define("image.resize", func(context.Context, string) error { return nil })

	report, err := saferunner.Run(ctx, "images.uploaded",
		resize.With("a.jpg").Async(),
		resize.With("b.jpg").Async(),
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := report.Wait(ctx); err != nil { // at once where they were recorded
		log.Fatal(err)
	}
	fmt.Println(report.Recorded())
	// Output: [image.resize image.resize]
}

package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/saferunner/saferunner"
)

func ExampleDefine() {
	type SMS struct{ To, Text string }
	sendSMS := func(ctx context.Context, m SMS) error {
		return errors.New("the gateway is down") // not reached under go test
	}

	SendSMS := saferunner.Define("sms.send", sendSMS, saferunner.Timeout(5*time.Second))

	err := SendSMS.Do(context.Background(), "user.welcome", SMS{To: "+27821234567", Text: "Welcome!"})
	fmt.Println(SendSMS.Name(), err)
	// Output: sms.send <nil>
}

func ExampleDefineResult() {
	type Charge struct{ Cents int }
	type Receipt struct{ ID string }
	chargeCard := func(ctx context.Context, c Charge) (Receipt, error) {
		return Receipt{}, errors.New("the bank is closed") // not reached under go test
	}

	ChargeCard := saferunner.DefineResult("card.charge", chargeCard)

	_, err := ChargeCard.Do(context.Background(), "order.paid", Charge{Cents: 4200})
	fmt.Println(errors.Is(err, saferunner.ErrRecorded)) // no result without executing
	// Output: true
}

func ExampleResultTask_WhenRecorded() {
	type Charge struct{ Order string }
	type Receipt struct{ ID string }
	chargeCard := func(ctx context.Context, c Charge) (Receipt, error) {
		return Receipt{}, errors.New("the bank is closed") // not reached under go test
	}

	ChargeCard := saferunner.DefineResult("card.charge", chargeCard).
		WhenRecorded(func(c Charge) (Receipt, error) {
			return Receipt{ID: "recorded-" + c.Order}, nil
		})

	receipt, err := ChargeCard.Do(context.Background(), "order.paid", Charge{Order: "1001"})
	fmt.Println(receipt.ID, err)
	// Output: recorded-1001 <nil>
}

func ExampleResultTask_Result() {
	ctx := context.Background()
	quote := saferunner.DefineResult("quote.fetch", func(ctx context.Context, from string) (int, error) {
		return 0, errors.New("no route to " + from) // not reached under go test
	}).WhenRecorded(func(string) (int, error) { return 4200, nil })

	report, err := saferunner.Run(ctx, "quotes", quote.With("first"), quote.With("second"))
	if err != nil {
		log.Fatal(err)
	}
	cents, err := quote.Result(report) // of the first call
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cents, quote.Results(report), report.Recorded())
	// Output: 4200 [4200 4200] [quote.fetch quote.fetch]
}

func ExampleAttempts() {
	syncCRM := func(ctx context.Context, order string) error {
		return errors.New("the CRM is away") // not reached under go test
	}

	// Five attempts, with 1, 2, 4 and 8 seconds between them. Only async calls
	// are retried.
	UpdateCRM := saferunner.Define("crm.update", syncCRM,
		saferunner.Timeout(5*time.Second),
		saferunner.Attempts(5),
	)

	report, err := saferunner.Run(context.Background(), "order.created", UpdateCRM.With("1001").Async())
	fmt.Println(report.Recorded(), err)
	// Output: [crm.update] <nil>
}

func ExamplePermanent() {
	errNoSuchNumber := errors.New("no such number")

	SendSMS := saferunner.Define("sms.send", func(ctx context.Context, to string) error {
		if to == "" {
			return saferunner.Permanent(errNoSuchNumber) // another attempt would not help
		}
		return errors.New("the gateway is down") // try again
	}, saferunner.Attempts(3))

	_, err := saferunner.Run(context.Background(), "user.welcome", SendSMS.With("").Async())
	fmt.Println(err)
	// Output: <nil>
}

// A task whose function leads back to itself cannot be defined where it is
// declared: Go reports an initialization cycle. Define it in init.
var welcome *saferunner.Task[string]

func init() { welcome = saferunner.Define("user.welcome", sendWelcome) }

func sendWelcome(ctx context.Context, name string) error {
	return save(ctx, name+" (welcomed)")
}

// save is a model whose hook runs the task.
func save(ctx context.Context, name string) error {
	_, err := saferunner.Run(ctx, "user.saved", welcome.With(name))
	return err
}

func ExampleDefine_initializationCycle() {
	fmt.Println(save(context.Background(), "world"))
	// Output: <nil>
}

// Mailer has a method as a task, defined once the receiver is ready.
type Mailer struct {
	from    string
	Welcome *saferunner.Task[string]
}

func NewMailer(from string) *Mailer {
	m := &Mailer{from: from}
	m.Welcome = saferunner.Define("mailer.welcome", m.welcome)
	return m
}

func (m *Mailer) welcome(_ context.Context, to string) error {
	fmt.Printf("%s writes to %s\n", m.from, to)
	return nil
}

func ExampleDefine_method() {
	m := NewMailer("shop@example.com")
	report, err := saferunner.Run(context.Background(), "user.saved", m.Welcome.With("new@example.com"))
	fmt.Println(report.Recorded(), err)
	// Output: [mailer.welcome] <nil>
}

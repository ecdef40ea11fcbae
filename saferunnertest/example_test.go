package saferunnertest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// exampleT stands for the t of a test, which examples do not have.
type exampleT struct{ testing.TB }

func (exampleT) Helper()                      {}
func (exampleT) Name() string                 { return "ExampleTest" }
func (exampleT) Cleanup(func())               {}
func (exampleT) Context() context.Context     { return context.Background() }
func (exampleT) Error(args ...any)            { fmt.Println(args...) }
func (exampleT) Errorf(f string, args ...any) { fmt.Printf(f+"\n", args...) }
func (exampleT) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }

// The code under test: a list of two calls, one of them async.
type (
	Order struct{ ID, Phone string }
	Text  struct{ To, Body string }
)

var (
	SendText = saferunner.Define("text.send", func(_ context.Context, m Text) error {
		fmt.Printf("text to %s: %s\n", m.To, m.Body)
		return nil
	})
	TellCRM = saferunner.Define("crm.tell", func(_ context.Context, o Order) error {
		fmt.Println("CRM:", o.ID)
		return nil
	})
	FetchRate = saferunner.DefineResult("rate.fetch", func(context.Context, string) (int, error) {
		return 0, errors.New("no route to host")
	})
)

func Checkout(ctx context.Context, o Order) error {
	_, err := saferunner.Run(ctx, "order.created",
		SendText.With(Text{To: o.Phone, Body: "Thank you!"}),
		TellCRM.With(o).Async(),
	)
	return err
}

func ExampleNew() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	err := Checkout(rec.Context(), Order{ID: "1001", Phone: "+27821234567"})
	for _, c := range rec.Calls("order.created") {
		fmt.Println(c.Task, c.Status)
	}
	fmt.Println(err)
	// Output:
	// text.send recorded
	// crm.tell recorded
	// <nil>
}

func ExampleRecorder_Assert() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	order := Order{ID: "1001", Phone: "+27821234567"}
	if err := Checkout(rec.Context(), order); err != nil {
		t.Fatal(err)
	}

	rec.Assert("order.created",
		SendText.With(Text{To: "+27821234567", Body: "Thank you!"}),
		TellCRM.With(order).Async(),
	)
	rec.AssertCount("order.created", 2)
	rec.AssertTask("order.created", SendText, 1)
	// Output:
}

func ExampleArgs() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	if err := Checkout(rec.Context(), Order{ID: "1001", Phone: "+27821234567"}); err != nil {
		t.Fatal(err)
	}

	for _, m := range saferunnertest.Args(rec, "order.created", SendText) {
		fmt.Println(m.To)
	}
	// Output: +27821234567
}

func ExampleStub() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	saferunnertest.Stub(rec, FetchRate, func(symbol string) (int, error) { return len(symbol), nil })

	fmt.Println(FetchRate.Do(rec.Context(), "rates", "GOPHER"))
	// Output: 6 <nil>
}

func ExampleRecorder_Fail() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	rec.Fail(SendText, errors.New("the gateway is down"))

	err := Checkout(rec.Context(), Order{ID: "1001"})
	fmt.Println(err)
	rec.AssertTask("order.created", TellCRM, 0) // the list stopped
	// Output: saferunner: run "order.created", call 1, text.send: the gateway is down
}

func ExampleRecorder_Force() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	rec.Force(SendText) // executes; the other call is recorded

	if err := Checkout(rec.Context(), Order{ID: "1001", Phone: "+27821234567"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range rec.Calls("order.created") {
		fmt.Println(c.Task, c.Status)
	}
	// Output:
	// text to +27821234567: Thank you!
	// text.send done
	// crm.tell recorded
}

func ExampleRecorder_Wait() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	rec.ForceAll()
	if err := Checkout(rec.Context(), Order{ID: "1001", Phone: "+27821234567"}); err != nil {
		t.Fatal(err)
	}

	if err := rec.Wait(); err != nil { // for the async call
		t.Fatal(err)
	}

	fmt.Println(rec.Calls("order.created")[1].Status)
	// Unordered output:
	// text to +27821234567: Thank you!
	// CRM: 1001
	// done
}

func ExampleRecorder_Perform() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	if err := Checkout(rec.Context(), Order{ID: "1001"}); err != nil {
		t.Fatal(err)
	}

	fmt.Println("recorded; now the CRM's update really happens:")
	if err := rec.Perform(TellCRM); err != nil {
		t.Fatal(err)
	}
	// Output:
	// recorded; now the CRM's update really happens:
	// CRM: 1001
}

func ExampleRecorder_PerformAll() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	if err := Checkout(rec.Context(), Order{ID: "1001", Phone: "+27821234567"}); err != nil {
		t.Fatal(err)
	}

	if err := rec.PerformAll(); err != nil { // in the order of the calls
		t.Fatal(err)
	}
	// Output:
	// text to +27821234567: Thank you!
	// CRM: 1001
}

// The first call fails. The second one is recorded as usual.
func ExampleRecorder_FailTimes() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	rec.FailTimes(SendText, 1, errors.New("the gateway is down"))

	order := Order{ID: "1001", Phone: "+27821234567"}
	fmt.Println(Checkout(rec.Context(), order))
	fmt.Println(Checkout(rec.Context(), order))
	// Output:
	// saferunner: run "order.created", call 1, text.send: the gateway is down
	// <nil>
}

// Whether a call fails depends on its arguments.
func ExampleFailFunc() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	saferunnertest.FailFunc(rec, SendText, func(m Text) error {
		if m.To == "" {
			return errors.New("no such number")
		}
		return nil // as if there were no fault
	})

	fmt.Println(Checkout(rec.Context(), Order{ID: "1001"}))
	fmt.Println(Checkout(rec.Context(), Order{ID: "1002", Phone: "+27821234567"}))
	// Output:
	// saferunner: run "order.created", call 1, text.send: no such number
	// <nil>
}

// A list that Run refuses fails the test at its end, unless the test says
// that it expected this.
func ExampleRecorder_AllowRefused() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)

	_, err := saferunner.Run(rec.Context(), "", SendText.With(Text{}))

	fmt.Println(errors.Is(err, saferunner.ErrRunID))
	rec.AllowRefused(saferunner.ErrRunID)
	// Output: true
}

func ExampleRecorder_All() {
	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	if err := Checkout(rec.Context(), Order{ID: "1001"}); err != nil {
		t.Fatal(err)
	}

	for _, c := range rec.All() { // whatever the run ID
		fmt.Println(c.RunID, c.Task, c.Status)
	}
	// Output:
	// order.created text.send recorded
	// order.created crm.tell recorded
}

// A helper takes testing.TB, so that tests, benchmarks and fuzz targets can
// call it.
func ExampleRecorder_Context() {
	checkout := func(t testing.TB, rec *saferunnertest.Recorder) {
		t.Helper()
		if err := Checkout(rec.Context(), Order{ID: "1001"}); err != nil {
			t.Fatal(err)
		}
	}

	var t exampleT // the t of a test
	rec := saferunnertest.New(t)
	checkout(t, rec)
	rec.AssertCount("order.created", 2)
	// Output:
}

// Old code that takes no ctx is recorded too; a test that is not parallel
// can own what it calls.
func ExampleOwnUnowned() {
	remind := func(phone string) error {
		return SendText.Do(context.Background(), "old.reminder", Text{To: phone, Body: "It is today."})
	}

	TestRemind := func(t *testing.T) {
		rec := saferunnertest.New(t, saferunnertest.OwnUnowned())
		if err := remind("+27821234567"); err != nil {
			t.Fatal(err)
		}
		rec.Assert("old.reminder", SendText.With(Text{To: "+27821234567", Body: "It is today."}))
	}

	_ = TestRemind
}

// One line in the suite's TestMain: calls that no recorder owned are listed
// at its end.
func ExampleMain() {
	TestMain := func(m *testing.M) { saferunnertest.Main(m) }

	_ = TestMain
}

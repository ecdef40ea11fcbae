package shop_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/saferunner/saferunner/examples/shop"
	"github.com/saferunner/saferunner/saferunnertest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// failingT stands for the t of a test that fails, and keeps what it is told.
type failingT struct {
	testing.TB
	text string
}

func (t *failingT) Helper()                  {}
func (t *failingT) Cleanup(func())           {}
func (t *failingT) Context() context.Context { return context.Background() }
func (t *failingT) Error(args ...any)        { t.text += fmt.Sprintln(args...) }

// What a failed Assert prints: the file of this test is shown in the README.
func TestFailureText(t *testing.T) {
	const file = "testdata/failure.golden"
	failing := &failingT{TB: t}
	rec := saferunnertest.New(failing)
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Fatal(err)
	}
	rec.Assert("order.created",
		shop.ChargeCard.With(shop.Charge{Order: "1001", Cents: 4200, Card: card}).Key("1001"),
		shop.SendSMS.With(shop.SMS{To: "+27821234567", Text: "Thanks!"}),
		shop.UpdateCRM.With(order),
	)
	if *update {
		if err := os.WriteFile(file, []byte(failing.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if failing.text != string(want) {
		t.Errorf("got:\n%s\nwant, as in %s:\n%s", failing.text, file, want)
	}
}

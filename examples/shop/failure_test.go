package shop_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
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
	golden(t, "testdata/failure.golden", failing.text)
}

// What go test prints for the first test of the README, which fails: it is
// only built with a tag.
func TestFirstFailure(t *testing.T) {
	out, err := exec.Command("go", "test", "-tags", "failing", "-run", "^TestSignUp$", ".").CombinedOutput()
	if err == nil {
		t.Fatalf("the test has passed:\n%s", out)
	}
	_, text, _ := strings.Cut(string(out), "--- FAIL: TestSignUp (")
	_, text, _ = strings.Cut(text, "\n")
	text, _, _ = strings.Cut(text, "\nFAIL\n")
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimRight(strings.TrimPrefix(line, strings.Repeat(" ", 8)), " \n"))
	}
	golden(t, "testdata/first.golden", strings.TrimSpace(strings.Join(lines, "\n"))+"\n")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant, as in %s:\n%s", got, file, want)
	}
}

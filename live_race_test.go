package saferunner_test

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// What only production does, and only the race detector sees.
func TestLiveProgramHasNoRaces(t *testing.T) {
	if _, err := os.ReadFile("testdata/live/main.go"); err != nil { // so that the test cache sees it
		t.Fatal(err)
	}
	program := buildProgram(t, "live")
	for _, scenario := range []string{"ctx under middleware", "async then sync", "one key", "Run while it drains"} {
		t.Run(scenario, func(t *testing.T) {
			command := exec.Command(program, scenario)
			command.Env = withoutMode()
			if out, err := command.CombinedOutput(); err != nil || string(out) != "ok\n" {
				t.Errorf("%v\n%.4000s", err, out)
			}
		})
	}
}

// The same for a list of which a test forces one call and answers another.
func TestForcedThenStubbedHasNoRaces(t *testing.T) {
	type order struct {
		ID   int
		note *string
	}
	rec := saferunnertest.New(t)
	start := saferunner.Define("race.start", func(context.Context, int) error { return nil })
	price := saferunner.DefineResult("race.price", func(context.Context, order) (*int, error) { return nil, nil })
	rec.Force(start)
	saferunnertest.Stub(rec, price, func(o order) (*int, error) {
		if o.ID%5 == 0 {
			return nil, errBroken
		}
		return &o.ID, nil
	})
	note := "hello"
	for i := range 1000 {
		report, err := saferunner.Run(rec.Context(), "race", start.With(1).Async(), price.With(order{i, &note}).BestEffort(),
			start.With(2).Async(), price.With(order{ID: i}).Async(), price.With(order{ID: i}).Key("k").BestEffort())
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			_ = report.Wait(t.Context()) // every fifth is answered with an error
			rec.All()
			rec.Clear()
		}
	}
	if err := rec.Wait(); err != nil {
		t.Error(err)
	}
}

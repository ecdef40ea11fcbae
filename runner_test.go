package saferunner_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// A nil or zero Runner does nothing, and each of its methods says so, also
// where ctx carries a runner or a recorder that could do it.
func TestRunnerThatNewDidNotMake(t *testing.T) {
	e, mine, rec := newEffects(), newRunner(t), saferunnertest.New(t)
	var none *saferunner.Runner
	for name, r := range map[string]*saferunner.Runner{"nil": none, "zero": {}} {
		for in, ctx := range map[string]context.Context{
			"plain": t.Context(), "runner": saferunner.NewContext(t.Context(), mine), "recorder": rec.Context(),
			"zero runner": saferunner.NewContext(t.Context(), &saferunner.Runner{}),
		} {
			for method, call := range map[string]func() error{
				"Run": func() error {
					report, err := r.Run(ctx, "nil.runner", e.note.With("x"))
					if report == nil || len(report.Outcomes()) != 0 {
						t.Errorf("Run of a %s Runner returns the report %v", name, report)
					}
					return err
				},
				"RunTx": func() error {
					_, err := r.RunTx(ctx, "a transaction", "nil.runner", e.note.With("x").Async())
					return err
				},
				"Calls":    func() error { _, err := r.Calls(ctx, "nil.runner"); return err },
				"Clear":    func() error { return r.Clear(ctx) },
				"Start":    func() error { return r.Start(ctx, e.note) },
				"Cancel":   func() error { return r.Cancel(ctx, "some ID") },
				"Shutdown": func() error { return r.Shutdown(ctx) },
			} {
				if err := call(); err == nil || !strings.Contains(err.Error(), method+" on a Runner that was not made by New") {
					t.Errorf("%s of a %s Runner, %s ctx: %v", method, name, in, err)
				}
			}
		}
		if j := r.Journal(); j != nil {
			t.Errorf("a %s Runner has the journal %v", name, j)
		}
		if n := r.JournalFailures(); n != 0 {
			t.Errorf("a %s Runner has %d journal failures", name, n)
		}
	}
	// Whoever adds a method adds it above.
	known := map[string]bool{"Run": true, "RunTx": true, "Calls": true, "Clear": true, "Start": true, "Cancel": true, "Shutdown": true, "Journal": true, "JournalFailures": true}
	methods := reflect.TypeFor[*saferunner.Runner]()
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; !known[name] {
			t.Errorf("what does %s of a nil Runner do?", name)
		}
	}
	rec.AssertNone()
}

// A zero Runner in ctx, or as Default, is told of by the functions of the
// package.
func TestFunctionsOnARunnerThatNewDidNotMake(t *testing.T) {
	e := newEffects()
	zero := &saferunner.Runner{}
	check := func(ctx context.Context) {
		t.Helper()
		_, runErr := saferunner.Run(ctx, "zero", e.note.With("x"))
		_, callsErr := saferunner.Calls(ctx, "zero")
		for method, err := range map[string]error{
			"Run": runErr, "Calls": callsErr, "Clear": saferunner.Clear(ctx), "Shutdown": saferunner.Shutdown(ctx),
			"Do": e.note.Do(ctx, "zero", "x"),
		} {
			if err == nil || !strings.Contains(err.Error(), "on a Runner that was not made by New") {
				t.Errorf("%s: %v", method, err)
			}
		}
	}
	check(saferunner.NewContext(t.Context(), zero))
	saferunner.SetDefault(zero)
	defer saferunner.SetDefault(nil)
	check(t.Context())
}

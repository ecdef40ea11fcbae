package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

// An engine of WithEngine is reached outside of test mode only, so a program
// shows what runs on it.
func TestExternalEngine(t *testing.T) {
	wantGolden(t, "external.golden", printed(t, buildProgram(t, "external")))
}

// What a worker cannot read or may not execute fails, and neither the journal
// nor the log nor an error tells what is secret.
func TestUndelivered(t *testing.T) {
	out := printed(t, buildProgram(t, "undelivered"))
	if strings.Contains(out, "7733") {
		t.Error("a secret got out")
	}
	wantGolden(t, "undelivered.golden", out)
}

func TestEngineOptions(t *testing.T) {
	var none *ledger
	ledger := newLedger(t)
	other, err := saferunner.New()
	if err != nil {
		t.Fatal(err)
	}
	var missing *unused
	for name, tt := range map[string]struct {
		options []saferunner.Option
		want    string
	}{
		"nil engine":        {[]saferunner.Option{saferunner.WithEngine(nil)}, "WithEngine: the engine is nil"},
		"typed nil journal": {[]saferunner.Option{saferunner.WithJournal(missing)}, "WithJournal: the journal is a nil *saferunner_test.unused"},
		"typed nil":         {[]saferunner.Option{saferunner.WithEngine(none)}, "WithEngine: the engine is a nil *saferunner_test.ledger"},
		"negative patience": {[]saferunner.Option{saferunner.UnknownFields(-1)}, "UnknownFields"},
		"no extract":        {[]saferunner.Option{saferunner.Propagate(nil, nil)}, "Propagate"},
		"two journals": {[]saferunner.Option{saferunner.WithEngine(ledger), saferunner.WithJournal(other.Journal())},
			"the engine keeps the journal itself"},
		"its own journal": {[]saferunner.Option{saferunner.WithEngine(ledger), saferunner.WithJournal(ledger.Journal())}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := saferunner.New(tt.options...)
			if tt.want == "" {
				if err != nil || r.Journal() != ledger.Journal() {
					t.Errorf("got %v, and not the engine's journal", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// In test mode an engine is not reached, whatever a call asks for.
func TestExternalEngineInTestMode(t *testing.T) {
	ledger := newLedger(t)
	r, err := saferunner.New(saferunner.WithEngine(ledger))
	if err != nil {
		t.Fatal(err)
	}
	e := newEffects()
	if err := r.Start(t.Context(), e.note); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), "order.created", e.note.With("x").Async(), e.note.With("y").After(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.RunTx(t.Context(), "a transaction", "order.paid", e.note.With("z").Async()); !errors.Is(err, engine.ErrNoTx) {
		t.Errorf("RunTx on an engine without transactions: %v", err)
	}
	if _, err := r.RunTx(t.Context(), "a transaction", "order.paid", e.note.With("z")); err == nil || !strings.Contains(err.Error(), "sync") {
		t.Errorf("RunTx of a sync call: %v", err)
	}
	calls, err := r.Calls(t.Context(), "order.created")
	if err != nil || len(calls) != 2 || calls[0].Status != journal.StatusRecorded {
		t.Errorf("got %v, %v", calls, err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// A second Start is an error, also where nothing is worked.
func TestStartTwice(t *testing.T) {
	e := newEffects()
	for name, r := range map[string]*saferunner.Runner{
		"no engine":    newRunner(t),
		"engine":       newRunner(t, saferunner.WithEngine(newLedger(t))),
		"RecordOnly":   newRunner(t, saferunner.RecordOnly(), saferunner.WithEngine(newLedger(t))),
		"a recorder's": saferunnertest.New(t).Runner(),
	} {
		if err := r.Start(t.Context(), e.note, e.note); !errors.Is(err, saferunner.ErrTaskTwice) {
			t.Errorf("%s: a bad Start: %v", name, err)
		}
		if err := r.Start(t.Context(), e.note); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.Start(t.Context(), e.note); err == nil || !strings.Contains(err.Error(), "was started before") {
			t.Errorf("%s: a second Start: %v", name, err)
		}
		if err := r.Start(t.Context()); err == nil {
			t.Errorf("%s: a Start of no tasks after another: %v", name, err)
		}
	}
}

// ledger is an engine that must not be reached, with a journal.
type ledger struct {
	engine.Engine // nil: whatever reaches it panics
	journal       journal.Journal
}

func (l *ledger) Journal() journal.Journal { return l.journal }

func newLedger(t *testing.T) *ledger {
	r, err := saferunner.New()
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{journal: r.Journal()}
}

// What a transaction may take back does not execute within this process, not
// even if it is forced.
func TestForcedRunTxIsRecorded(t *testing.T) {
	rec, e := forced(t), newEffects()
	report, err := rec.Runner().RunTx(rec.Context(), "a transaction", "order.paid", e.note.With("x").Async())
	if err != nil || statuses(report) != "recorded" {
		t.Errorf("got %s, %v", statuses(report), err)
	}
	_ = rec.Wait()
	e.wantDone(t)
}

// unused is a journal that nobody calls.
type unused struct{ journal.Journal }

// txLedger takes part in transactions of one type.
type txLedger struct{ *ledger }

type someTx struct{}

func (txLedger) CheckTx(tx any) error {
	if _, ok := tx.(someTx); !ok {
		return fmt.Errorf("not in a %T", tx)
	}
	return nil
}

func (txLedger) SubmitTx(context.Context, any, engine.Batch) ([]engine.Ticket, error) {
	panic("reached in a test")
}

func (txLedger) WriteTx(context.Context, any, ...journal.Change) error { return nil }

// RunTx refuses in a test what it refuses in production.
func TestRunTxChecksInTestMode(t *testing.T) {
	r, err := saferunner.New(saferunner.WithEngine(txLedger{newLedger(t)}))
	if err != nil {
		t.Fatal(err)
	}
	effects, rec := newEffects(), saferunnertest.New(t)
	for name, ctx := range map[string]context.Context{"no recorder": t.Context(), "a recorder": rec.Context()} {
		if _, err := r.RunTx(ctx, 17, "tx", effects.note.With("x").Async()); err == nil || !strings.Contains(err.Error(), "not in a int") {
			t.Errorf("%s: a wrong transaction: %v", name, err)
		}
		if report, err := r.RunTx(ctx, someTx{}, "tx", effects.note.With("x").Async()); err != nil || statuses(report) != "recorded" {
			t.Errorf("%s: got %s, %v", name, statuses(report), err)
		}
	}
	rec.AssertCount("tx", 1)
}

// The time that Run takes for a list grows with its length, and no faster.
func TestLongListOnDurableEngine(t *testing.T) {
	if got := printed(t, buildProgram(t, "longlist")); got != "linear\n" {
		t.Error(got)
	}
}

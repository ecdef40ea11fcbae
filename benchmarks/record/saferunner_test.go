package record

import (
	"context"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var (
	charge = saferunner.Define("payment.charge", func(context.Context, Payment) error { panic("executed in test mode") })
	ship   = saferunner.Define("parcel.ship", func(context.Context, Parcel) error { panic("executed in test mode") })
)

const runID = "order.paid"

func newRunner(run func(context.Context, testing.TB, int)) func(testing.TB) func(int) {
	return func(tb testing.TB) func(int) {
		ctx := saferunnertest.New(tb).Context()
		return func(id int) { run(ctx, tb, id) }
	}
}

func runOne(ctx context.Context, tb testing.TB, id int) {
	_, err := saferunner.Run(ctx, runID, charge.With(payment(id)))
	check(tb, err)
}

func runTen(ctx context.Context, tb testing.TB, id int) {
	_, err := saferunner.Run(ctx, runID,
		charge.With(payment(id)), charge.With(payment(id+1)), charge.With(payment(id+2)), charge.With(payment(id+3)),
		charge.With(payment(id+4)), charge.With(payment(id+5)), charge.With(payment(id+6)), charge.With(payment(id+7)),
		charge.With(payment(id+8)), charge.With(payment(id+9)),
	)
	check(tb, err)
}

func runTenParcels(ctx context.Context, tb testing.TB, id int) {
	_, err := saferunner.Run(ctx, runID,
		ship.With(parcel(id)), ship.With(parcel(id+1)), ship.With(parcel(id+2)), ship.With(parcel(id+3)),
		ship.With(parcel(id+4)), ship.With(parcel(id+5)), ship.With(parcel(id+6)), ship.With(parcel(id+7)),
		ship.With(parcel(id+8)), ship.With(parcel(id+9)),
	)
	check(tb, err)
}

func cycleSaferunner(tb testing.TB, _ context.Context) {
	rec := saferunnertest.New(tb)
	runTen(rec.Context(), tb, 0)
	rec.Assert(runID,
		charge.With(payment(0)), charge.With(payment(1)), charge.With(payment(2)), charge.With(payment(3)),
		charge.With(payment(4)), charge.With(payment(5)), charge.With(payment(6)), charge.With(payment(7)),
		charge.With(payment(8)), charge.With(payment(9)),
	)
}

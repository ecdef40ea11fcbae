package record

import (
	"context"
	"testing"
)

const callsPerDouble = 1000

// starter makes a double that belongs to tb, and returns what makes calls to it: one or ten, with IDs from id on.
type starter func(tb testing.TB) func(id int)

func BenchmarkOne(b *testing.B) {
	one := func(newDouble func(testing.TB) Gateway) starter {
		return func(tb testing.TB) func(int) {
			double, ctx := newDouble(tb), tb.Context()
			return func(id int) { check(tb, double.Charge(ctx, payment(id))) }
		}
	}
	record(b, "saferunner", 1, newRunner(runOne))
	record(b, "moq", 1, one(func(testing.TB) Gateway { return newGatewayMock() }))
	record(b, "gomock", 1, one(newGomock))
	record(b, "gomock-in-a-test", 1, one(func(tb testing.TB) Gateway { return newGomock(helping{tb.(*standIn)}) }))
	record(b, "testify", 1, one(newTestify))
}

func BenchmarkTen(b *testing.B) {
	ten := func(newDouble func(testing.TB) Gateway) starter {
		return func(tb testing.TB) func(int) {
			double, ctx := newDouble(tb), tb.Context()
			return func(id int) { chargeTen(tb, ctx, double, id) }
		}
	}
	record(b, "saferunner", 10, newRunner(runTen))
	record(b, "moq", 10, ten(func(testing.TB) Gateway { return newGatewayMock() }))
	record(b, "gomock", 10, ten(newGomock))
	record(b, "testify", 10, ten(newTestify))
}

func BenchmarkTenWithSlice(b *testing.B) {
	record(b, "saferunner", 10, newRunner(runTenParcels))
	record(b, "moq", 10, func(tb testing.TB) func(int) {
		var double Carrier = newCarrierMock()
		ctx := tb.Context()
		return func(id int) {
			for i := range 10 {
				check(tb, double.Ship(ctx, parcel(id+i)))
			}
		}
	})
}

func BenchmarkCycle(b *testing.B) {
	cycle(b, "saferunner", cycleSaferunner)
	cycle(b, "moq", cycleMoq)
	cycle(b, "gomock", cycleGomock)
	cycle(b, "testify", cycleTestify)
}

// record measures one call recorded, where the double is called perList times at a time.
func record(b *testing.B, peer string, perList int, start starter) {
	b.Run(peer, func(b *testing.B) {
		b.ReportAllocs()
		tb := &standIn{TB: b}
		var call func(int)
		for i := 0; i < b.N; i += perList {
			if i%callsPerDouble == 0 {
				tb.end()
				call = start(tb)
			}
			call(i)
		}
		tb.end()
	})
}

func cycle(b *testing.B, peer string, once func(testing.TB, context.Context)) {
	b.Run(peer, func(b *testing.B) {
		b.ReportAllocs()
		tb, ctx := &standIn{TB: b}, b.Context()
		for range b.N {
			once(tb, ctx)
			tb.end()
		}
	})
}

func chargeTen(tb testing.TB, ctx context.Context, double Gateway, id int) {
	for i := range 10 {
		check(tb, double.Charge(ctx, payment(id+i)))
	}
}

func check(tb testing.TB, err error) {
	if err != nil {
		tb.Fatal(err)
	}
}

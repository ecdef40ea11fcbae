package record

import (
	"context"
	"sync"
	"testing"
)

// GatewayMock is what matryer/moq generates for Gateway.
type GatewayMock struct {
	ChargeFunc func(ctx context.Context, payment Payment) error

	calls struct {
		Charge []struct {
			Ctx     context.Context
			Payment Payment
		}
	}
	lockCharge sync.RWMutex
}

func (mock *GatewayMock) Charge(ctx context.Context, payment Payment) error {
	if mock.ChargeFunc == nil {
		panic("GatewayMock.ChargeFunc: method is nil but Gateway.Charge was just called")
	}
	callInfo := struct {
		Ctx     context.Context
		Payment Payment
	}{
		Ctx:     ctx,
		Payment: payment,
	}
	mock.lockCharge.Lock()
	mock.calls.Charge = append(mock.calls.Charge, callInfo)
	mock.lockCharge.Unlock()
	return mock.ChargeFunc(ctx, payment)
}

func (mock *GatewayMock) ChargeCalls() []struct {
	Ctx     context.Context
	Payment Payment
} {
	mock.lockCharge.RLock()
	calls := mock.calls.Charge
	mock.lockCharge.RUnlock()
	return calls
}

// CarrierMock is what matryer/moq generates for Carrier.
type CarrierMock struct {
	ShipFunc func(ctx context.Context, parcel Parcel) error

	calls struct {
		Ship []struct {
			Ctx    context.Context
			Parcel Parcel
		}
	}
	lockShip sync.RWMutex
}

func (mock *CarrierMock) Ship(ctx context.Context, parcel Parcel) error {
	if mock.ShipFunc == nil {
		panic("CarrierMock.ShipFunc: method is nil but Carrier.Ship was just called")
	}
	callInfo := struct {
		Ctx    context.Context
		Parcel Parcel
	}{
		Ctx:    ctx,
		Parcel: parcel,
	}
	mock.lockShip.Lock()
	mock.calls.Ship = append(mock.calls.Ship, callInfo)
	mock.lockShip.Unlock()
	return mock.ShipFunc(ctx, parcel)
}

func newGatewayMock() *GatewayMock {
	return &GatewayMock{ChargeFunc: func(context.Context, Payment) error { return nil }}
}

func newCarrierMock() *CarrierMock {
	return &CarrierMock{ShipFunc: func(context.Context, Parcel) error { return nil }}
}

func cycleMoq(tb testing.TB, ctx context.Context) {
	double := newGatewayMock()
	chargeTen(tb, ctx, double, 0)
	calls := double.ChargeCalls()
	if len(calls) != 10 {
		tb.Errorf("%d calls, want 10", len(calls))
	}
	for i := range calls {
		if calls[i].Payment != payment(i) {
			tb.Errorf("call %d: got %v", i, calls[i].Payment)
		}
	}
}

package record

import (
	"context"
	"reflect"
	"testing"

	"go.uber.org/mock/gomock"
)

// MockGateway is what mockgen of go.uber.org/mock generates for Gateway.
type MockGateway struct {
	ctrl     *gomock.Controller
	recorder *MockGatewayMockRecorder
}

type MockGatewayMockRecorder struct {
	mock *MockGateway
}

func NewMockGateway(ctrl *gomock.Controller) *MockGateway {
	mock := &MockGateway{ctrl: ctrl}
	mock.recorder = &MockGatewayMockRecorder{mock}
	return mock
}

func (m *MockGateway) EXPECT() *MockGatewayMockRecorder {
	return m.recorder
}

func (m *MockGateway) Charge(ctx context.Context, payment Payment) error {
	m.ctrl.T.Helper()
	ret := m.ctrl.Call(m, "Charge", ctx, payment)
	ret0, _ := ret[0].(error)
	return ret0
}

func (mr *MockGatewayMockRecorder) Charge(ctx, payment any) *gomock.Call {
	mr.mock.ctrl.T.Helper()
	return mr.mock.ctrl.RecordCallWithMethodType(mr.mock, "Charge", reflect.TypeOf((*MockGateway)(nil).Charge), ctx, payment)
}

func newGomock(tb testing.TB) Gateway {
	double := NewMockGateway(gomock.NewController(tb))
	double.EXPECT().Charge(gomock.Any(), gomock.Any()).Return(nil).AnyTimes()
	return double
}

func cycleGomock(tb testing.TB, ctx context.Context) {
	double := NewMockGateway(gomock.NewController(tb))
	for i := range 10 {
		double.EXPECT().Charge(gomock.Any(), payment(i)).Return(nil)
	}
	chargeTen(tb, ctx, double, 0)
}

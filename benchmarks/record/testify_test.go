package record

import (
	"context"
	"testing"

	"github.com/stretchr/testify/mock"
)

// TestifyGateway is a double as testify's manual and mockery write it.
type TestifyGateway struct {
	mock.Mock
}

func (m *TestifyGateway) Charge(ctx context.Context, payment Payment) error {
	return m.Called(ctx, payment).Error(0)
}

func newTestify(tb testing.TB) Gateway {
	double := &TestifyGateway{}
	double.Test(tb)
	double.On("Charge", mock.Anything, mock.Anything).Return(nil)
	return double
}

func cycleTestify(tb testing.TB, ctx context.Context) {
	double := &TestifyGateway{}
	double.Test(tb)
	for i := range 10 {
		double.On("Charge", mock.Anything, payment(i)).Return(nil).Once()
	}
	chargeTen(tb, ctx, double, 0)
	double.AssertExpectations(tb)
}

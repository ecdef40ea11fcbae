package shop

import (
	"context"
	"testing"
)

// checkout is Checkout as it was without saferunner: whoever calls it, a test
// included, charges a card. If the text message fails and the order is tried
// again, the card is charged twice.
func checkout(ctx context.Context, o Order, card Card) (Receipt, error) {
	receipt, err := chargeCard(ctx, Charge{Order: o.ID, Cents: o.Cents, Card: card})
	if err != nil {
		return Receipt{}, err
	}
	if err := sendSMS(ctx, SMS{To: o.Phone, Text: "Thank you!"}); err != nil {
		return Receipt{}, err
	}
	go func() { _ = updateCRM(context.WithoutCancel(ctx), o) }() // may be lost, and its error is
	return receipt, nil
}

func TestCheckoutAsItWasCharges(t *testing.T) {
	receipt, err := checkout(t.Context(), Order{ID: "1001", Cents: 4200}, Card{Number: "4111 1111 1111 1111"})
	if err != nil || receipt == (Receipt{}) {
		t.Errorf("the bank was not reached: %+v, %v", receipt, err)
	}
}

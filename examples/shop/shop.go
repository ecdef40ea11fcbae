// Package shop is a small shop: what it does to the world outside goes
// through tasks.
package shop

import (
	"context"

	"github.com/saferunner/saferunner"
)

// Order is what a customer has bought.
type Order struct {
	ID    string
	Phone string
	Cents int
}

// Checkout charges the card, says thank you and tells the CRM. If the card is
// declined, nothing else happens. Called again for the same order it does not
// charge again: the key is the order's ID.
func Checkout(ctx context.Context, o Order, card Card) (Receipt, error) {
	report, err := saferunner.Run(ctx, "order.created",
		ChargeCard.With(Charge{Order: o.ID, Cents: o.Cents, Card: card}).Key(o.ID),
		SendSMS.With(SMS{To: o.Phone, Text: "Thank you!"}),
		UpdateCRM.With(o).Async(),
	)
	if err != nil {
		return Receipt{}, err
	}
	return ChargeCard.Result(report)
}

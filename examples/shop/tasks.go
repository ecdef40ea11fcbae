package shop

import (
	"context"
	"fmt"
	"time"

	"github.com/saferunner/saferunner"
)

// Card is a customer's card. Its number is never written down.
type Card struct {
	Holder string
	Number string `saferunner:"redact"`
}

// Charge says what to charge, and for which order.
type Charge struct {
	Order string
	Cents int
	Card  Card
}

// Receipt is the bank's answer to a charge.
type Receipt struct{ ID string }

// ChargeCard charges a card. In record mode it answers with a receipt that
// shows that it is none.
var ChargeCard = saferunner.DefineResult("card.charge", chargeCard).
	WhenRecorded(func(c Charge) (Receipt, error) {
		return Receipt{ID: "recorded-" + c.Order}, nil
	})

// chargeCard passes the call's key on, so that the bank, too, can tell that
// two requests are one charge.
func chargeCard(ctx context.Context, c Charge) (Receipt, error) {
	call, _ := saferunner.Current(ctx)
	id, err := bank.charge(ctx, c.Card.Number, c.Cents, call.Key)
	if err != nil {
		return Receipt{}, fmt.Errorf("charge order %s: %w", c.Order, err)
	}
	return Receipt{ID: id}, nil
}

// UpdateCRM tells the CRM of an order. The CRM is often away for a while.
var UpdateCRM = saferunner.Define("crm.update", updateCRM,
	saferunner.Timeout(5*time.Second),
	saferunner.Attempts(5),
)

func updateCRM(ctx context.Context, o Order) error {
	return crm.put(ctx, "/orders/"+o.ID, o)
}

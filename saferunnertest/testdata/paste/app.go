// Package app stands at the root of a module whose path ends in a version.
package app

import (
	"context"

	"github.com/saferunner/saferunner"
)

// Charge is what ChargeCard takes.
type Charge struct {
	Order string
	Cents int64
}

// ChargeCard charges a card.
var ChargeCard = saferunner.Define("card.charge", func(context.Context, Charge) error { return nil })

var refund = saferunner.Define("card.refund", func(context.Context, Charge) error { return nil })

// Refund gives money back, by a task that is unexported.
func Refund(c Charge) saferunner.Call { return refund.With(c) }

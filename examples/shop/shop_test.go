package shop_test

import (
	"errors"
	"testing"

	"github.com/saferunner/saferunner/examples/shop"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestMain(m *testing.M) { saferunnertest.Main(m) }

var (
	order = shop.Order{ID: "1001", Phone: "+27821234567", Cents: 4200}
	card  = shop.Card{Holder: "T. Customer", Number: "4111 1111 1111 1111"}
)

func TestCheckout(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Fatal(err)
	}
	rec.Assert("order.created",
		shop.ChargeCard.With(shop.Charge{Order: "1001", Cents: 4200, Card: card}).Key("1001"),
		shop.SendSMS.With(shop.SMS{To: "+27821234567", Text: "Thank you!"}),
		shop.UpdateCRM.With(order).Async(),
	)
}

func TestCheckoutReturnsTheReceipt(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	saferunnertest.Stub(rec, shop.ChargeCard, func(c shop.Charge) (shop.Receipt, error) {
		return shop.Receipt{ID: "receipt-" + c.Order}, nil
	})
	receipt, err := shop.Checkout(rec.Context(), order, card)
	if err != nil || receipt.ID != "receipt-1001" {
		t.Errorf("got %+v, %v", receipt, err)
	}
}

func TestDeclinedCardStopsTheOrder(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	rec.Fail(shop.ChargeCard, shop.ErrDeclined)
	if _, err := shop.Checkout(rec.Context(), order, card); !errors.Is(err, shop.ErrDeclined) {
		t.Errorf("got %v", err)
	}
	rec.AssertTask("order.created", shop.SendSMS, 0)
	rec.AssertTask("order.created", shop.UpdateCRM, 0)
}

func TestTextMessageIsPolite(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Fatal(err)
	}
	for _, sms := range saferunnertest.Args(rec, "order.created", shop.SendSMS) {
		if sms.Text != "Thank you!" {
			t.Errorf("got %q", sms.Text)
		}
	}
}

func TestChargeForReal(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	rec.Force(shop.ChargeCard) // executes chargeCard; the other two are recorded
	receipt, err := shop.Checkout(rec.Context(), order, card)
	if err != nil || receipt.ID != "receipt-1001" {
		t.Errorf("got %+v, %v", receipt, err)
	}
	again, err := shop.Checkout(rec.Context(), order, card)
	if err != nil || again != receipt {
		t.Errorf("the second time: got %+v, %v", again, err)
	}
	calls := rec.Calls("order.created")
	if first, second := calls[0].Status, calls[3].Status; first != journal.StatusDone || second != journal.StatusDuplicate {
		t.Errorf("charged: %s, then %s", first, second)
	}
}

func TestUpdateCRMLater(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Fatal(err)
	}
	if err := rec.Perform(shop.UpdateCRM); err != nil { // executes what was recorded
		t.Fatal(err)
	}
	if got := rec.Calls("order.created")[2].Status; got != journal.StatusDone {
		t.Errorf("the CRM's update is %s", got)
	}
}

func TestCardNumberIsNeverWrittenDown(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Fatal(err)
	}
	want := `{"Order":"1001","Cents":4200,"Card":{"Holder":"T. Customer","Number":"[redacted]"}}`
	if got := string(rec.Calls("order.created")[0].Args); got != want {
		t.Errorf("journaled: %s", got)
	}
}

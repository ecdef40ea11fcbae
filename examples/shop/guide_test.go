package shop_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/examples/shop"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

const orderJSON = `{"Order":{"ID":"1001","Phone":"+27821234567","Cents":4200},"Card":{"Number":"4111 1111 1111 1111"}}`

func TestHandler(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	request := httptest.NewRequestWithContext(rec.Context(), "POST", "/orders", strings.NewReader(orderJSON))
	response := httptest.NewRecorder()
	shop.Handler().ServeHTTP(response, request)
	if response.Code != http.StatusOK {
		t.Fatalf("got %d: %s", response.Code, response.Body)
	}
	rec.AssertTask("order.created", shop.ChargeCard, 1)
}

func TestServer(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	server := httptest.NewUnstartedServer(shop.Handler())
	server.Config.BaseContext = func(net.Listener) context.Context { return rec.Context() }
	server.Start()
	defer server.Close()

	response, err := server.Client().Post(server.URL+"/orders", "application/json", strings.NewReader(orderJSON))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	rec.AssertTask("order.created", shop.ChargeCard, 1)

	recorded, err := server.Client().Get(server.URL + "/recorded/order.created")
	if err != nil {
		t.Fatal(err)
	}
	defer recorded.Body.Close()
	var entries []journal.Entry
	if err := json.NewDecoder(recorded.Body).Decode(&entries); err != nil || len(entries) != 3 {
		t.Errorf("got %+v, %v", entries, err)
	}
}

func TestGoroutines(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { // whatever goroutine: the ctx says whose calls these are
			if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rec.AssertTask("order.created", shop.SendSMS, 3)
}

func TestBankRecovers(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	rec.FailTimes(shop.ChargeCard, 2, errors.New("the bank is closed")) // the next two calls
	for range 2 {
		if _, err := shop.Checkout(rec.Context(), order, card); err == nil {
			t.Error("the bank is open")
		}
	}
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Error(err)
	}
}

func TestLargeChargeIsDeclined(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	saferunnertest.FailFunc(rec, shop.ChargeCard, func(c shop.Charge) error {
		if c.Cents > 100_000 {
			return shop.ErrDeclined
		}
		return nil // as if there were no fault
	})
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Error(err)
	}
	large := shop.Order{ID: "1002", Phone: "+27821234567", Cents: 200_000}
	if _, err := shop.Checkout(rec.Context(), large, card); !errors.Is(err, shop.ErrDeclined) {
		t.Errorf("got %v", err)
	}
}

func TestOrderWithoutID(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	_, err := shop.Checkout(rec.Context(), shop.Order{Phone: "+27821234567"}, card)
	if !errors.Is(err, saferunner.ErrKey) { // the key is the order's ID
		t.Errorf("got %v", err)
	}
	rec.AllowRefused(saferunner.ErrKey) // or the refused list fails the test
	rec.AssertNone()
}

func TestCRMIsAway(t *testing.T) {
	t.Parallel()
	rec := saferunnertest.New(t)
	rec.Fail(shop.UpdateCRM, errors.New("the CRM is away"))
	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
		t.Error(err) // the call is async: Run has returned without its failure
	}
	if err := rec.PerformAll(); err != nil { // charges and texts: those two were recorded
		t.Error(err)
	}
}

func TestCRMIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := saferunnertest.New(t)
		attempts := 0
		update := saferunner.Define("crm.flaky", func(context.Context, string) error {
			if attempts++; attempts < 3 {
				return errors.New("the CRM is away")
			}
			return nil
		}, saferunner.Attempts(5))

		rec.Force(update)
		if _, err := saferunner.Run(rec.Context(), "order.created", update.With("1001").Async()); err != nil {
			t.Fatal(err)
		}
		if err := rec.Wait(); err != nil { // 1 s and 2 s between the attempts, of the bubble's time
			t.Error(err)
		}
		if attempts != 3 {
			t.Errorf("%d attempts", attempts)
		}
	})
}

func FuzzCheckout(f *testing.F) {
	f.Add("+27821234567")
	f.Fuzz(func(t *testing.T, phone string) {
		rec := saferunnertest.New(t)
		o := shop.Order{ID: "1001", Phone: strings.ToValidUTF8(phone, "?"), Cents: 4200}
		if _, err := shop.Checkout(rec.Context(), o, card); err != nil {
			t.Fatal(err)
		}
		if to := saferunnertest.Args(rec, "order.created", shop.SendSMS)[0].To; to != o.Phone {
			t.Errorf("the text goes to %q", to)
		}
	})
}

func BenchmarkCheckout(b *testing.B) {
	rec := saferunnertest.New(b)
	for b.Loop() {
		if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
			b.Fatal(err)
		}
		rec.Clear() // a recorder keeps everything until it is told to forget
	}
}

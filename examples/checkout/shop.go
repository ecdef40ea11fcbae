package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/saferunner/saferunner"
)

type item struct {
	Name  string
	Price int
}

type order struct {
	Basket string
	Total  int
}

var (
	reserve = saferunner.Define("stock.reserve", func(_ context.Context, i item) error {
		_, err := fmt.Println("reserved", i.Name)
		return err
	}, saferunner.Timeout(10*time.Second))

	sendReceipt = saferunner.Define("receipt.send", func(_ context.Context, o order) error {
		_, err := fmt.Printf("sent a receipt over %d for %s\n", o.Total, o.Basket)
		return err
	}, saferunner.Timeout(10*time.Second))

	thank = saferunner.Define("voucher.thank", func(_ context.Context, code string) error {
		_, err := fmt.Println("said thanks for", code)
		return err
	}, saferunner.Timeout(10*time.Second))

	ring = saferunner.Define("bell.ring", func(_ context.Context, basket string) error {
		_, err := fmt.Println("rang the bell for", basket)
		return err
	})
)

// shop begins transactions: of database/sql, of pgx or for GORM.
type shop interface {
	// inTx calls fn in a transaction, or in a savepoint of the one in ctx. It is
	// riverengine.InTx or InPgxTx.
	inTx(ctx context.Context, fn func(context.Context, books) error) error
}

// books are what the shop writes down, in a transaction.
type books interface {
	eachItem(ctx context.Context, basket string, each func(item) error) error
	insert(ctx context.Context, o order) error
	redeem(ctx context.Context, voucher string) error
}

const creditLimit = 1000

var errDeclined = errors.New("the card was declined")

// checkout makes an order of a basket. Whatever it runs happens if the order is
// in the database, and only then.
func checkout(ctx context.Context, s shop, basket, voucher string) error {
	return s.inTx(ctx, func(ctx context.Context, b books) error {
		o := order{Basket: basket}
		err := b.eachItem(ctx, basket, func(i item) error { // while the rows are open
			o.Total += i.Price
			_, err := saferunner.Run(ctx, "item.sold", reserve.With(i).Async())
			return err
		})
		if err != nil {
			return err
		}
		if o.Total < 0 {
			panic("a price below zero")
		}
		if voucher != "" && redeem(ctx, s, voucher) == nil {
			o.Total -= 5
		}
		if err := b.insert(ctx, o); err != nil {
			return err
		}
		if o.Total > creditLimit {
			return errDeclined
		}
		if _, err := saferunner.Run(ctx, "order.placed", sendReceipt.With(o).Async().Key(basket)); err != nil {
			return err
		}
		_, err = saferunner.Run(ctx, "order.placed", ring.With(basket)) // sync: after the commit
		return err
	})
}

// redeem uses up a voucher. If it cannot, the order goes on without.
func redeem(ctx context.Context, s shop, voucher string) error {
	return s.inTx(ctx, func(ctx context.Context, b books) error {
		if _, err := saferunner.Run(ctx, "voucher.redeemed", thank.With(voucher).Async()); err != nil {
			return err
		}
		return b.redeem(ctx, voucher)
	})
}

package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/riverengine"
)

// pgxShop is on pgx.
type pgxShop struct{ pool *pgxpool.Pool }

func (s pgxShop) inTx(ctx context.Context, fn func(context.Context, books) error) error {
	return riverengine.InPgxTx(ctx, s.pool, func(ctx context.Context, tx pgx.Tx) error {
		return fn(ctx, pgxBooks{tx})
	})
}

type pgxBooks struct{ tx pgx.Tx }

func (b pgxBooks) eachItem(ctx context.Context, basket string, each func(item) error) error {
	rows, err := b.tx.Query(ctx, "SELECT name, price FROM items WHERE basket = $1 ORDER BY name", basket)
	if err != nil {
		return err
	}
	var i item
	_, err = pgx.ForEachRow(rows, []any{&i.Name, &i.Price}, func() error { return each(i) })
	return err
}

func (b pgxBooks) insert(ctx context.Context, o order) error {
	_, err := b.tx.Exec(ctx, "INSERT INTO orders (basket, total) VALUES ($1, $2)", o.Basket, o.Total)
	return err
}

func (b pgxBooks) redeem(ctx context.Context, voucher string) error {
	_, err := b.tx.Exec(ctx, "INSERT INTO redeemed (voucher) VALUES ($1)", voucher)
	return err
}

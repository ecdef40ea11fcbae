package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/saferunner/saferunner/riverengine"
)

// sqlShop is on database/sql, whatever the driver. With sqlx, give InTx the
// *sqlx.DB.
type sqlShop struct{ db *sql.DB }

func (s sqlShop) inTx(ctx context.Context, fn func(context.Context, books) error) error {
	return riverengine.InTx(ctx, s.db, func(ctx context.Context, tx *sql.Tx) error {
		return fn(ctx, sqlBooks{tx})
	})
}

type sqlBooks struct{ tx *sql.Tx }

func (b sqlBooks) eachItem(ctx context.Context, basket string, each func(item) error) (err error) {
	rows, err := b.tx.QueryContext(ctx, "SELECT name, price FROM items WHERE basket = $1 ORDER BY name", basket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i item
		if err := rows.Scan(&i.Name, &i.Price); err != nil {
			return err
		}
		if err := each(i); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b sqlBooks) insert(ctx context.Context, o order) error {
	_, err := b.tx.ExecContext(ctx, "INSERT INTO orders (basket, total) VALUES ($1, $2)", o.Basket, o.Total)
	return err
}

func (b sqlBooks) redeem(ctx context.Context, voucher string) error {
	_, err := b.tx.ExecContext(ctx, "INSERT INTO redeemed (voucher) VALUES ($1)", voucher)
	return err
}

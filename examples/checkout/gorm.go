package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/saferunner/saferunner/riverengine"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// gormShop uses GORM in transactions that InTx has begun.
type gormShop struct{ db *sql.DB }

func (s gormShop) inTx(ctx context.Context, fn func(context.Context, books) error) error {
	return riverengine.InTx(ctx, s.db, func(ctx context.Context, tx *sql.Tx) error {
		db, err := gorm.Open(postgres.New(postgres.Config{Conn: tx}), &gorm.Config{Logger: logger.Discard})
		if err != nil {
			return err
		}
		return fn(ctx, gormBooks{db.WithContext(ctx)})
	})
}

type gormBooks struct{ db *gorm.DB }

func (b gormBooks) eachItem(_ context.Context, basket string, each func(item) error) (err error) {
	rows, err := b.db.Table("items").Where("basket = ?", basket).Order("name").Rows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i item
		if err := b.db.ScanRows(rows, &i); err != nil {
			return err
		}
		if err := each(i); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (b gormBooks) insert(_ context.Context, o order) error {
	return b.db.Table("orders").Create(&o).Error
}

func (b gormBooks) redeem(_ context.Context, voucher string) error {
	// GORM puts a savepoint of its own around this.
	return b.db.Transaction(func(db *gorm.DB) error {
		return db.Exec("INSERT INTO redeemed (voucher) VALUES (?)", voucher).Error
	})
}

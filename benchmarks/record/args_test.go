package record

import "context"

// Payment is 80 bytes of arguments without a pointer.
type Payment struct {
	ID, Order, Customer, Account, Amount, Currency, Tax, Discount, Created, Due int64
}

// Parcel is 80 bytes of arguments with a slice in them.
type Parcel struct {
	ID, Order, Customer, Weight, Height, Width, Depth int64
	Items                                             []int64
}

// Gateway and Carrier are what the doubles stand in for.
type Gateway interface {
	Charge(ctx context.Context, payment Payment) error
}

type Carrier interface {
	Ship(ctx context.Context, parcel Parcel) error
}

func payment(id int) Payment {
	return Payment{ID: int64(id), Order: 2, Customer: 3, Account: 4, Amount: 5, Currency: 6, Tax: 7, Discount: 8, Created: 9, Due: 10}
}

var items = []int64{11, 12, 13}

func parcel(id int) Parcel {
	return Parcel{ID: int64(id), Order: 2, Customer: 3, Weight: 4, Height: 5, Width: 6, Depth: 7, Items: items}
}

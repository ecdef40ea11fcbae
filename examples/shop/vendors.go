package shop

import (
	"context"
	"errors"
	"fmt"
)

// The clients of three vendors. They print instead of going out, so that the
// example runs anywhere.
var (
	gateway smsGateway
	bank    bankClient
	crm     crmClient
)

// ErrDeclined is returned when the bank refuses a charge.
var ErrDeclined = errors.New("the card was declined")

type smsGateway struct{}

func (smsGateway) send(_ context.Context, to, text string) error {
	fmt.Printf("SMS to %s: %s\n", to, text)
	return nil
}

type bankClient struct{}

func (bankClient) charge(_ context.Context, number string, cents int, idempotencyKey string) (id string, err error) {
	if number == "" {
		return "", ErrDeclined
	}
	fmt.Printf("bank: charge %d cents, idempotency key %s\n", cents, idempotencyKey)
	return "receipt-" + idempotencyKey, nil
}

type crmClient struct{}

func (crmClient) put(_ context.Context, path string, value any) error {
	fmt.Printf("CRM: PUT %s %+v\n", path, value)
	return nil
}

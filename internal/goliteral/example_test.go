package goliteral_test

import (
	"fmt"
	"reflect"
	"time"

	"github.com/saferunner/saferunner/internal/goliteral"
)

type Message struct {
	To      string
	Subject string
	Token   string `saferunner:"redact"`
	Retries *int
	Delay   time.Duration
	Headers map[string][]string
}

func ExampleValue() {
	m := Message{
		To:      "ada@example.com",
		Subject: "Your order has shipped",
		Token:   "s3cret",
		Retries: new(3),
		Delay:   90 * time.Second,
		Headers: map[string][]string{"X-Order": {"17"}},
	}
	const here = "github.com/saferunner/saferunner/internal/goliteral_test"
	fmt.Println(goliteral.Value(reflect.ValueOf(m.Headers), here))
	fmt.Println(goliteral.Value(reflect.ValueOf(m), here))
	// Output:
	// map[string][]string{"X-Order": {"17"}}
	// Message{
	// 	To:      "ada@example.com",
	// 	Subject: "Your order has shipped",
	// 	Token:   "[redacted]",
	// 	Retries: new(3),
	// 	Delay:   90 * time.Second,
	// 	Headers: map[string][]string{"X-Order": {"17"}},
	// }
}

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

func ExampleWriter_Value() {
	m := Message{
		To:      "ada@example.com",
		Subject: "Your order has shipped",
		Token:   "s3cret",
		Retries: new(3),
		Delay:   90 * time.Second,
		Headers: map[string][]string{"X-Order": {"17"}},
	}
	const here = "github.com/saferunner/saferunner/internal/goliteral_test"
	w := goliteral.Writer{File: goliteral.File{Package: here}}
	source, losses := w.Value(reflect.ValueOf(m), false)
	fmt.Println(source)
	fmt.Println("left out:", losses)
	fmt.Println("to import:", w.Added())
	// Output:
	// Message{
	// 	To:      "ada@example.com",
	// 	Subject: "Your order has shipped",
	// 	Token:   "[redacted]",
	// 	Retries: new(3),
	// 	Delay:   90 * time.Second,
	// 	Headers: map[string][]string{"X-Order": {"17"}},
	// }
	// left out: [{Token redacted true}]
	// to import: ["time"]
}

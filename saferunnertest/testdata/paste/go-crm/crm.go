// Package crm is in a folder that is not named as it is.
package crm

import (
	"context"

	"github.com/saferunner/saferunner"
)

// Contact is what Update takes.
type Contact struct {
	ID    ID[Contact]
	Phone string
	Tags  map[string][]string
}

// ID does not hold its type argument.
type ID[T any] string

// Update writes a contact.
var Update = saferunner.Define("crm.update", func(context.Context, *Contact) error { return nil })

// Delete and Merge are defined on one line.
var Delete, Merge = saferunner.Define("crm.delete", func(context.Context, ID[Contact]) error { return nil }), saferunner.Define("crm.merge", func(context.Context, []ID[Contact]) error { return nil })

// Later is defined in init.
var Later *saferunner.Task[string]

func init() {
	Later = saferunner.Define(
		"crm.later",
		func(context.Context, string) error { return nil },
	)
}

// Quote answers when it is recorded.
var Quote = saferunner.DefineResult("crm.quote", func(_ context.Context, n int) (int, error) { return n, nil }).
	WhenRecorded(func(n int) (int, error) { return n, nil })

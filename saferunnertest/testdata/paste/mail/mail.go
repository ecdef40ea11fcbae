// Package mail holds its tasks in a value.
package mail

import (
	"context"

	"github.com/saferunner/saferunner"
)

// Mailer sends mail.
type Mailer struct {
	Welcome *saferunner.Task[string]
	bye     *saferunner.Task[string]
}

// New returns a Mailer.
func New() *Mailer {
	bye := saferunner.Define("mail.bye", func(context.Context, string) error { return nil })
	m := &Mailer{bye: bye}
	m.Welcome = saferunner.Define("mail.welcome", func(context.Context, string) error { return nil })
	return m
}

// Bye is a call of a task that is held in a variable of New.
func (m *Mailer) Bye(to string) saferunner.Call { return m.bye.With(to) }

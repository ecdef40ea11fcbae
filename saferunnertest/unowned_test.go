package saferunnertest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

// A failed assertion on a recorder that was given to nobody names the calls
// that were made without it, and those only that were made since.
func TestUnownedCallsAreNamed(t *testing.T) {
	task := saferunner.Define("lost.task", func(context.Context, string) error { return nil })
	run := func(what string) {
		if _, err := saferunner.Run(context.Background(), "lost", task.With(what)); err != nil {
			t.Error(err)
		}
	}
	run("before")
	f := newFake(t)
	rec := saferunnertest.New(f)
	run("meanwhile")
	rec.Assert("order.created", task.With("x"))
	f.end()
	text := f.take()
	if !strings.Contains(text, "1 call was made meanwhile without its ctx") || !strings.Contains(text, `"meanwhile"`) || !strings.Contains(text, "unowned_test.go:17") || strings.Contains(text, `"before"`) {
		t.Errorf("it says\n%s", text)
	}
}

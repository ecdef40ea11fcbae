package saferunnertest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

type handlerContext struct {
	context.Context
	Request *http.Request
}

// Where the ctx of a call stands for a request, its type is named.
func TestCtxOfARequestIsNamed(t *testing.T) {
	task := saferunner.Define("lost.task", func(context.Context, string) error { return nil })
	f := newFake(t)
	rec := saferunnertest.New(f)
	ctx, cancel := context.WithTimeout(&handlerContext{context.Background(), httptest.NewRequest("POST", "/", nil)}, time.Hour)
	defer cancel()
	if _, err := saferunner.Run(ctx, "lost", task.With("x")); err != nil {
		t.Error(err)
	}
	rec.Assert("lost", task.With("x"))
	f.end()
	if text := f.take(); !strings.Contains(text, "with a *saferunnertest_test.handlerContext whose request carries no recorder") {
		t.Errorf("it says\n%s", text)
	}
}

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
	if !strings.Contains(text, "1 call was made meanwhile without its ctx") || !strings.Contains(text, `"meanwhile"`) || !strings.Contains(text, "unowned_test.go:") || strings.Contains(text, `"before"`) {
		t.Errorf("it says\n%s", text)
	}
}

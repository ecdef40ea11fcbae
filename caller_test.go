package saferunner_test

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var wrapped = saferunner.Define("wrapped.task", func(context.Context, string) error { return nil })

func notify(ctx context.Context, text string) error {
	saferunner.Helper()
	_, err := saferunner.Run(ctx, "helper", wrapped.With(text))
	return err
}

func notifyTwice(ctx context.Context, text string) error {
	saferunner.Helper()
	if err := notify(ctx, text); err != nil {
		return err
	}
	return notify(ctx, text)
}

func notifyGeneric[T any](ctx context.Context, v T) error {
	saferunner.Helper()
	return wrapped.Do(ctx, "helper", fmt.Sprint(v))
}

type notifier struct{ ctx context.Context }

func (n *notifier) notify(text string) error {
	saferunner.Helper()
	return notify(n.ctx, text)
}

func noHelper(ctx context.Context, text string) error {
	_, err := saferunner.Run(ctx, "helper", wrapped.With(text))
	return err
}

// A Run in a helper was called where the helper was called.
func TestHelper(t *testing.T) {
	rec := saferunnertest.New(t)
	ctx := rec.Context()
	_, file, line, _ := runtime.Caller(0)
	for _, err := range []error{
		notify(ctx, "plain"),
		notifyTwice(ctx, "nested"),
		notifyGeneric(ctx, 17),
		(&notifier{ctx}).notify("method"),
		func() error { saferunner.Helper(); return notify(ctx, "literal") }(),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []int{2, 3, 3, 4, 5, 6}
	for i, e := range rec.Calls("helper") {
		if got := fmt.Sprintf("%s:%d", file, line+want[i]); e.Caller != got {
			t.Errorf("%s was called at %s, want %s", e.Args, filepath.Base(e.Caller), filepath.Base(got))
		}
	}
	if err := noHelper(ctx, "none"); err != nil {
		t.Error(err)
	}
	all := rec.Calls("helper")
	at := runtime.FuncForPC(reflect.ValueOf(noHelper).Pointer())
	_, line = at.FileLine(at.Entry())
	if caller := all[len(all)-1].Caller; !strings.HasSuffix(caller, fmt.Sprintf("caller_test.go:%d", line+1)) {
		t.Errorf("without Helper it was called at %s", caller)
	}
}

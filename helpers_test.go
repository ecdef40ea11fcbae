package saferunner_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/saferunnertest"
)

func TestMain(m *testing.M) {
	runInTestMain, _ = saferunner.Run(context.Background(), "in.test.main", escaped.With("x"), escaped.With("y").Async())
	leaktest.Main(m)
}

func sprint(args []any) string                 { return fmt.Sprint(args...) }
func sprintf(format string, args []any) string { return fmt.Sprintf(format, args...) }

// inBubble runs fn with a recorder that lets everything through, on fake time.
func inBubble(t *testing.T, fn func(t *testing.T, rec *saferunnertest.Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, forced(t)) })
}

// quiet is a runner that executes, without a log.
func quiet(t *testing.T, opts ...saferunner.Option) *saferunner.Runner {
	t.Helper()
	r, err := saferunner.NewForcedRunner(append(opts, saferunner.WithLogger(slog.New(slog.DiscardHandler)))...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type ctxKey struct{}

func statusesOf(t *testing.T, r *saferunner.Runner, runID string) string {
	t.Helper()
	entries, err := r.Calls(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, string(e.Status))
	}
	return strings.Join(all, " ")
}

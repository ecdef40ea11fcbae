package saferunner_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) {
	runInTestMain, _ = saferunner.Run(context.Background(), "in.test.main", escaped.With("x"), escaped.With("y").Async())
	leaktest.Main(m)
}

func sprint(args []any) string                 { return fmt.Sprint(args...) }
func sprintf(format string, args []any) string { return fmt.Sprintf(format, args...) }

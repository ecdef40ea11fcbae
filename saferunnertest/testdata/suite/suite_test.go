package suite

import (
	"context"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/saferunnertest"
)

var task = saferunner.Define("suite.task", func(context.Context, int) error { return nil })

func TestMain(m *testing.M) { saferunnertest.Main(m) }

func TestSuite(t *testing.T) {
	rec := saferunnertest.New(t)
	if err := task.Do(rec.Context(), "mine.run", 1); err != nil {
		t.Fatal(err)
	}
	if err := task.Do(context.Background(), "unowned.run", 2); err != nil {
		t.Fatal(err)
	}
}

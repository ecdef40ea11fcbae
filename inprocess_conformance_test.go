package saferunner_test

import (
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/enginetest"
)

func TestInProcessEngine(t *testing.T) {
	enginetest.Exercise(t, func(_ *testing.T, workers int) saferunner.Engine {
		return saferunner.NewInProcess(workers)
	})
}

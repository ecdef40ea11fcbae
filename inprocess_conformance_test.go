package saferunner_test

import (
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/enginetest"
)

func TestInProcessEngine(t *testing.T) {
	enginetest.Exercise(t, func(_ *testing.T, workers int) engine.Engine {
		return saferunner.NewInProcess(workers)
	})
}

package gate

import (
	"flag"
	"os"
	"sync/atomic"
	"testing"

	"github.com/saferunner/saferunner/internal/gate/start"
)

// isTestBinary reports whether this process runs tests: go test built it,
// Bazel started it, or it has registered the flags of package testing, as one
// does that calls testing.MainStart itself.
func isTestBinary() bool {
	if testing.Testing() {
		return true
	}
	_, bazel := os.LookupEnv(start.BazelName)
	return bazel || start.Bazel.Set || flag.Lookup("test.v") != nil
}

// maxAsked bounds what the log of the test cache gets to hold.
const maxAsked = 1000

var asked atomic.Int32

// askForCache asks package os for ForceVariable, so that the test cache knows
// that a result depends on it. The cache does not see what is asked before the
// tests run, as by a TestMain, so calls without a recorder ask again and
// again. A recorder asks when it is made.
func askForCache() {
	if asked.Load() < maxAsked && asked.Add(1) <= maxAsked {
		os.LookupEnv(ForceVariable)
	}
}

package gate

import (
	"flag"
	"os"
	"testing"
)

// isTestBinary reports whether this process runs tests: go test built it,
// Bazel started it, or it has registered the flags of package testing, as one
// does that calls testing.MainStart itself.
func isTestBinary() bool {
	if testing.Testing() {
		return true
	}
	_, bazel := os.LookupEnv(bazelVariable)
	return bazel || flag.Lookup("test.v") != nil
}

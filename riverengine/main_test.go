package riverengine

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(clustered{m}) }

// clustered removes the Postgres cluster after the tests, if there is one.
type clustered struct{ m *testing.M }

func (c clustered) Run() int {
	code := c.m.Run()
	if builtCalls != "" {
		_ = os.RemoveAll(filepath.Dir(builtCalls))
	}
	if cluster.stop != nil {
		if err := cluster.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

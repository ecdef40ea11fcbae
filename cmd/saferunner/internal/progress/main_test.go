package progress

import (
	"testing"

	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

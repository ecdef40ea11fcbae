package cli

import (
	"context"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/internal/door"
)

// withoutCaller returns a ctx whose Runs do not write down where they were
// called: that is in this program, at a path of the machine that built it,
// and says nothing to its users.
func withoutCaller(ctx context.Context) context.Context {
	return door.Open[saferunner.Call, *saferunner.Runner]().WithoutCaller(ctx)
}

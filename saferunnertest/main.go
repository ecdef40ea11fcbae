package saferunnertest

import (
	"fmt"
	"io"
	"os"

	"github.com/saferunner/saferunner/internal/door"
)

// Main runs the suite and exits with its code. It does not return.
//
//	func TestMain(m *testing.M) { saferunnertest.Main(m) }
//
// At the end it prints on stderr the calls that were recorded and that no recorder
// owned, with the line of each Run. It prints the names in FORCE_RUN_SIDE_EFFECTS
// that no task has. Neither changes the exit code. Lists that Run refused and that
// no recorder owned are printed too, and fail the suite with code 1. With an option
// that is not for a whole suite, Main exits with 2 and runs nothing.
func Main(m interface{ Run() int }, opts ...Option) {
	os.Exit(run(m, os.Stderr, opts))
}

func run(m interface{ Run() int }, out io.Writer, opts []Option) int {
	for _, option := range opts {
		if option.single != nil {
			_, _ = fmt.Fprintf(out, "saferunnertest: Main: %s is an option of New, not of a whole suite\n", option.name)
			return 2
		}
	}
	core.LookAtUnowned()
	code := m.Run()
	for _, name := range core.UnknownForced() {
		_, _ = fmt.Fprintf(out, "saferunnertest: FORCE_RUN_SIDE_EFFECTS names %q, but no task has that name\n", name)
	}
	unowned := core.Unowned(0)
	reportUnowned(out, unowned)
	if reportRefused(out, unowned.Refused) && code == 0 {
		return 1
	}
	return code
}

func reportUnowned(out io.Writer, unowned door.Unowned) {
	if unowned.Count == 0 {
		return
	}
	_, _ = fmt.Fprintf(out, "saferunnertest: %s recorded that no recorder owned; nothing executed.\n"+
		"Pass rec.Context() to the code under test, or use OwnUnowned, to look at them:\n%s",
		plural(unowned.Count, "call was", "calls were"), ledger(madeCalls(unowned.Calls), true))
	if more := unowned.Count - len(unowned.Calls); more > 0 {
		_, _ = fmt.Fprintf(out, "  … and %d more, which were not kept\n", more)
	}
}

// reportRefused reports whether lists were refused that no recorder owned.
func reportRefused(out io.Writer, refused []door.Refused) bool {
	for _, r := range refused {
		after := ""
		if r.Test != "" {
			after = ", after the end of " + r.Test
		}
		_, _ = fmt.Fprintf(out, "saferunnertest: a list was refused that no recorder owned, at %s%s: %v\n", placeOf(r.Caller), after, r.Err)
	}
	return len(refused) > 0
}

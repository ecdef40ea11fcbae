package saferunnertest

import (
	"fmt"
	"io"
	"os"
)

// Main runs the suite and exits with its code:
//
//	func TestMain(m *testing.M) { saferunnertest.Main(m) }
//
// At the end it prints, on stderr, the calls that were recorded and that no
// recorder owned, with their call sites, and names in
// FORCE_RUN_SIDE_EFFECTS that no task bears. They do not change the exit
// code. An option that is not for a whole suite exits with 2 before anything
// has run.
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
	code := m.Run()
	for _, name := range unknownForced() {
		_, _ = fmt.Fprintf(out, "saferunnertest: FORCE_RUN_SIDE_EFFECTS names %q, but no task bears that name\n", name)
	}
	reportUnowned(out)
	return code
}

func reportUnowned(out io.Writer) {
	calls, count := unowned()
	if count == 0 {
		return
	}
	_, _ = fmt.Fprintf(out, "saferunnertest: %s recorded that no recorder owned; nothing executed.\n"+
		"Pass rec.Context() to the code under test, or use OwnUnowned, to look at them:\n%s", plural(count, "call was", "calls were"), ledger(calls, true))
	if count > len(calls) {
		_, _ = fmt.Fprintf(out, "  … and %d more, which were not kept\n", count-len(calls))
	}
}

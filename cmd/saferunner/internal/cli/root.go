// Package cli is the command line: its commands, their flags, and what they
// print.
package cli

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

// Main runs the command line that this process was given and returns its
// exit code.
func Main() int {
	err := newRoot().Execute()
	if err == nil {
		return codeOK
	}
	code, message := classify(err)
	if message != "" {
		fmt.Fprintln(os.Stderr, "saferunner:", screen.Clean(message)) // on one line
	}
	return code
}

const rootLong = `saferunner runs lists of tasks with side effects: commands and HTTP requests.
In record mode nothing executes: every call is written down, and can be looked at.

Record mode is on with --record, with SAFERUNNER_MODE=record, and in every process
that a Go test starts.

Exit codes:
  0  ok
  1  a call failed, best-effort ones aside
  2  a usage error, or a bad file
  3  not found
  4  the journal cannot be reached
  130, 143, 129  stopped by Ctrl-C, SIGTERM or SIGHUP`

func newRoot() *cobra.Command {
	var db string
	root := &cobra.Command{
		Use:                "saferunner",
		Short:              "Run lists of tasks with side effects, or record what they would do",
		Long:               rootLong,
		Version:            version(),
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
	}
	root.PersistentFlags().StringVar(&db, "db", "", "file of the journal (default $SAFERUNNER_DB, else in the user's state directory)")
	root.AddCommand(newRun(&db), newExec(&db), newCalls(&db), newClear(&db))
	return root
}

// version is the module's, as the Go command has built it in.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

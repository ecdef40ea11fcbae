// Package cli is the command line: its commands, their flags, and what they
// print.
package cli

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

// Main runs the command line that this process was given and returns its
// exit code.
func Main() int {
	// A reader of stdout or stderr that goes away, such as head, ends no run: the
	// write fails instead. Ignoring the signal would be inherited by commands.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

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
  4  the database of the journal cannot be reached
  141  stdout was closed before all was printed
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
		Args:               noCommand,
		RunE:               func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&db, "db", "", "the journal: a file, sqlite:FILE or postgres://USER@HOST/DATABASE (default $SAFERUNNER_DB, else a file in the user's state directory)")
	root.AddCommand(newRun(&db), newExec(&db), newWork(&db), newCalls(&db), newClear(&db), newMigrate(&db))
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Run, cmd.RunE = nil, help
		}
	}
	return root
}

// help shows the help of a command. That of cobra takes any word for one.
func help(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("no help on %q, which is no command", rest[0])
	}
	about.InitDefaultHelpFlag()
	about.InitDefaultVersionFlag()
	return about.Help()
}

// noCommand is the error of arguments that name no command.
func noCommand(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
		return fmt.Errorf("unknown command %q; it is a file, so write saferunner run %s", args[0], effect.Quote(args[:1]))
	}
	return fmt.Errorf("unknown command %q for \"saferunner\"", args[0])
}

// noArguments is for a command that has flags alone.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, and was given %q", cmd.Name(), args[0])
	}
	return nil
}

// version is the module's, as the Go command has built it in.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

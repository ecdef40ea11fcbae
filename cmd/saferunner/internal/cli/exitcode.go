package cli

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes. Those of a signal are 128 and its number, as in a shell.
const (
	codeOK       = 0
	codeFailed   = 1
	codeUsage    = 2
	codeNotFound = 3
	codeJournal  = 4
	codePipe     = 128 + int(syscall.SIGPIPE)
)

// exitError is an error with the exit code that it leads to.
type exitError struct {
	code int
	err  error // nil: there is nothing more to say
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func exit(code int, err error) error { return &exitError{code, err} }

func exitf(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// coded gives the errors of a command that have no exit code that of a
// failure.
func coded(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if _, ok := errors.AsType[*exitError](err); ok || err == nil {
			return err
		}
		if errors.Is(err, syscall.EPIPE) { // as of a program that SIGPIPE has ended
			return exit(codePipe, nil)
		}
		return exit(codeFailed, err)
	}
}

// classify returns the exit code of an error, and the line that says why.
// What has no code comes from before
// the command itself: it is a mistake in the arguments.
func classify(err error) (code int, message string) {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code, e.Error()
	}
	return codeUsage, err.Error() + "; see saferunner --help"
}

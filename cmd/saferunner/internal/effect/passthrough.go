package effect

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// Command is a command that is run as it stands, and the arguments that the
// journal shows. Unlike in a [Step], nothing in it is expanded.
type Command struct {
	Exec []string `json:"exec"`
}

// ExitError is a command that did not succeed.
type ExitError struct {
	Code    int  // as a shell has it: 127 not found, 126 not executable, 128+n ended by signal n
	Started bool // it ran, and has had the chance to say what went wrong
	cause   error
}

func (e *ExitError) Error() string { return e.cause.Error() }
func (e *ExitError) Unwrap() error { return e.cause }

// PassThrough runs the command with the stdin, stdout and stderr of this
// process, and passes signals on to it. It fails with an *[ExitError]. It
// waits for the command whatever becomes of ctx.
func (c Command) PassThrough(_ context.Context, signals <-chan os.Signal) error {
	build := func(argv []string) *exec.Cmd {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env = ChildEnviron()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return cmd
	}
	cmd, err := start(c.Exec, build, (*exec.Cmd).Start)
	if err != nil {
		code := 126
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			code = 127
		}
		return &ExitError{code, false, startError(c.Exec[0], err)}
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case sig := <-signals:
				_ = cmd.Process.Signal(sig) // it may have ended meanwhile
			case <-ended:
				return
			}
		}
	}()
	if err := cmd.Wait(); err != nil {
		return &ExitError{exitCode(cmd.ProcessState), true, exitError(err, "")}
	}
	return nil
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

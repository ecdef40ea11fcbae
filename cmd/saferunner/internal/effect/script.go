package effect

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// start starts, with begin, the command that build makes of these arguments.
// One without a first line such as #!/bin/sh, which the system does not run,
// is given to the shell, as shells and execvp do.
func start(argv []string, build func([]string) *exec.Cmd, begin func(*exec.Cmd) error) (*exec.Cmd, error) {
	cmd := build(argv)
	err := begin(cmd)
	if errors.Is(err, syscall.ENOEXEC) && isText(cmd.Path) {
		cmd = build(append([]string{"/bin/sh", cmd.Path}, argv[1:]...))
		err = begin(cmd)
	}
	return cmd, err
}

// isText reports whether a file may be a script: a program for another kind
// of machine has zero bytes at its beginning.
func isText(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // nothing was written
	beginning, err := io.ReadAll(io.LimitReader(file, 256))
	return err == nil && !bytes.ContainsRune(beginning, 0)
}

//go:build unix

package cli_test

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the program the leader of a process group, so that what it
// starts can be killed together with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) } // it fails where none is left

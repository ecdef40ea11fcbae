//go:build unix

package effect

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that what it
// starts can be stopped together with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// stopGroup fails with [os.ErrProcessDone] if the leader has ended, whatever it
// has left running.
func stopGroup(leader *os.Process) error {
	if err := leader.Signal(syscall.Signal(0)); err != nil {
		return err
	}
	return signalGroup(leader, syscall.SIGTERM)
}

func killGroup(leader *os.Process) error { return signalGroup(leader, syscall.SIGKILL) }

func signalGroup(leader *os.Process, sig syscall.Signal) error {
	err := syscall.Kill(-leader.Pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

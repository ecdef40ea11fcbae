//go:build !unix

package effect

import (
	"os"
	"os/exec"
)

// Without process groups only the command itself can be stopped.

func ownGroup(*exec.Cmd) {}

func stopGroup(leader *os.Process) error { return leader.Kill() }

func killGroup(leader *os.Process) error { return leader.Kill() }

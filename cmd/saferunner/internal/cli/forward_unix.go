//go:build unix

package cli

import (
	"os"
	"slices"
	"syscall"
)

// lastSignal is that of Linux; other systems have fewer.
const lastSignal = 64

// forwardable returns the signals that a process can catch and pass on, which
// are not about the process itself.
func forwardable() []os.Signal {
	own := []syscall.Signal{
		syscall.SIGKILL, syscall.SIGSTOP, // cannot be caught
		syscall.SIGCHLD, syscall.SIGPIPE, // what this process has done
		syscall.SIGURG, // the Go runtime sends itself
	}
	var all []os.Signal
	for sig := syscall.Signal(1); sig <= lastSignal; sig++ {
		if !slices.Contains(own, sig) {
			all = append(all, sig)
		}
	}
	return all
}

// ofTerminal are the signals that a terminal sends to the command as well.
var ofTerminal = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGWINCH,
}

//go:build !unix

package cli

import (
	"os"
	"syscall"
)

func forwardable() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

var ofTerminal = []os.Signal{os.Interrupt}

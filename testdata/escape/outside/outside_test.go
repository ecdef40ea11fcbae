// Package outside tests a whole program. It needs saferunner only to have it
// record.
package outside

import (
	"os"
	"os/exec"
	"testing"
)

func TestProgram(t *testing.T) {
	command := exec.Command(os.Getenv("ESCAPE_PROGRAM"), "run", "do")
	command.Stdout = os.Stdout
	if err := command.Run(); err != nil {
		t.Error(err)
	}
}

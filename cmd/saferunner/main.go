// Command saferunner runs lists of tasks with side effects, or records what
// they would do. See docs/cli.md.
package main

import (
	"os"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/cli"
)

func main() { os.Exit(cli.Main()) }

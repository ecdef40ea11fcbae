// Package first changes the environment before any package can look at it
// that needs more than this one does.
package first

import "os"

func init() {
	switch os.Getenv("ESCAPE_FIRST") {
	case "clear":
		os.Clearenv()
	case "live":
		_ = os.Setenv("SAFERUNNER_MODE", "live")
	case "force":
		_ = os.Setenv("FORCE_RUN_SIDE_EFFECTS", "escape.plain")
	}
}

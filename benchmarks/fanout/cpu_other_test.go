//go:build !unix

package fanout

import "time"

// cpuTime is not known here: cpu-ns/op is 0.
func cpuTime() time.Duration { return 0 }

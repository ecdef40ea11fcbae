package effect

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The error has the timeout that was set, however late it is noticed.
func TestTimedOutAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, limit := range map[string]time.Duration{"50ms": 50 * time.Millisecond, "1s": time.Second, "1m30s": 90 * time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			time.Sleep(100 * time.Microsecond)
			started := time.Now()
			time.Sleep(limit + time.Millisecond)
			if err := stopped(ctx, started); err.Error() != "timed out after "+want {
				t.Errorf("got %v, want %s", err, want)
			}
			cancel()
		}
	})
}

//go:build unix

package cli

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// The first signal ends the ctx, with its exit code as the cause; the second
// one kills.
func TestInterrupt(t *testing.T) {
	killed := make(chan struct{})
	i := catchInterrupt(t.Context(), func() { close(killed) })
	defer i.stop()
	signal := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	ctx, release := i.join(context.Background())
	defer release()
	signal()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("a signal did not end the ctx")
	}
	stopped, ok := context.Cause(ctx).(*interruptError)
	if !ok || stopped.code() != 143 {
		t.Errorf("cause %v", context.Cause(ctx))
	}
	later, release := i.join(context.Background())
	defer release()
	if later.Err() == nil {
		t.Error("a ctx that is made after the signal has not ended")
	}
	select {
	case <-killed:
		t.Error("one signal killed")
	default:
	}
	signal()
	select {
	case <-killed:
	case <-time.After(time.Minute):
		t.Error("a second signal did not kill")
	}
}

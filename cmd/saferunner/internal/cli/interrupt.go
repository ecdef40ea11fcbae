package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interrupt ends a ctx with the first SIGINT, SIGTERM or SIGHUP. A second one
// kills what still runs, and a third one ends this process.
type interrupt struct {
	ctx     context.Context
	signals chan os.Signal
	done    chan struct{}
}

// interruptError is the cause of the ctx that an interrupt has ended.
type interruptError struct{ signal os.Signal }

func (e *interruptError) Error() string {
	switch e.signal {
	case syscall.SIGTERM:
		return "stopped by SIGTERM"
	case syscall.SIGHUP:
		return "stopped by SIGHUP"
	}
	return fmt.Sprintf("stopped by %v", e.signal)
}

// code is the exit code that a shell gives for the signal.
func (e *interruptError) code() int {
	if sig, ok := e.signal.(syscall.Signal); ok {
		return 128 + int(sig)
	}
	return codeFailed
}

func catchInterrupt(ctx context.Context, kill func()) *interrupt {
	ctx, cancel := context.WithCancelCause(ctx)
	i := &interrupt{ctx: ctx, signals: make(chan os.Signal, 2), done: make(chan struct{})}
	notify(i.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for again := false; ; again = true {
			select {
			case sig := <-i.signals:
				if again {
					signal.Stop(i.signals)
					kill()
					continue
				}
				cancel(&interruptError{sig})
			case <-i.done:
				cancel(nil)
				return
			}
		}
	}()
	return i
}

// join returns a ctx that ends with the interrupt as well.
func (i *interrupt) join(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(i.ctx, func() { cancel(context.Cause(i.ctx)) })
	if i.ctx.Err() != nil {
		cancel(context.Cause(i.ctx)) // at once, and not on a goroutine
	}
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (i *interrupt) stop() {
	signal.Stop(i.signals)
	close(i.done)
}

// notify has these signals sent to the channel, except those that whoever
// started this process wants ignored, as nohup does.
func notify(signals chan<- os.Signal, which ...os.Signal) {
	for _, sig := range which {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
}

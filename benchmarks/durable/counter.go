package main

import (
	"sync/atomic"
	"syscall"
	"time"
)

// counter closes all when as many jobs as are expected have been worked.
type counter struct {
	left atomic.Int64
	all  chan struct{}
}

func newCounter(n int64) *counter {
	c := &counter{}
	c.expect(n)
	return c
}

func (c *counter) expect(n int64) {
	c.all = make(chan struct{})
	c.left.Store(n)
}

func (c *counter) done() {
	if c.left.Add(-1) == 0 {
		close(c.all)
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

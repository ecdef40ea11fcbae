package main

import (
	"context"
	"fmt"
	"time"

	"github.com/saferunner/saferunner"
)

// executed counts, so that a call which is only recorded cannot pass for one that executed.
var executed int

func first(_ context.Context, order Order) error  { executed++; return nil }
func second(_ context.Context, order Order) error { executed++; return nil }
func third(_ context.Context, order Order) error  { executed++; return nil }

var (
	firstTask  = saferunner.Define("order.first", first)
	secondTask = saferunner.Define("order.second", second)
	thirdTask  = saferunner.Define("order.third", third)
)

func runList(ctx context.Context, order Order) error {
	before := executed
	_, err := saferunner.Run(ctx, "order.created", firstTask.With(order), secondTask.With(order), thirdTask.With(order))
	if err == nil && executed != before+3 {
		return fmt.Errorf("%d of 3 calls executed; is SAFERUNNER_MODE set?", executed-before)
	}
	return err
}

// durations is what the hand-written way keeps of its timing; it has no journal.
var durations [3]time.Duration

func runByHand(ctx context.Context, order Order) error {
	for i, step := range [...]func(context.Context, Order) error{first, second, third} {
		if err := guarded(ctx, step, order, &durations[i]); err != nil {
			return err
		}
	}
	return nil
}

func guarded(ctx context.Context, step func(context.Context, Order) error, order Order, took *time.Duration) (err error) {
	start := time.Now()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
		*took = time.Since(start)
	}()
	return step(ctx, order)
}

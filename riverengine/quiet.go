package riverengine

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quiet leaves out what River says of jobs that fail, since the runner says it,
// and most of what it says again and again while the database is away.
func quiet(l *slog.Logger) *slog.Logger {
	return slog.New(warnings{l.Handler(), &repeats{last: map[string]*repeat{}}})
}

// warnings passes on what is at least a warning.
type warnings struct {
	slog.Handler
	repeats *repeats
}

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	if !w.repeats.passes(&r) {
		return nil
	}
	return w.Handler.Handle(ctx, r)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs), w.repeats}
}

func (w warnings) WithGroup(name string) slog.Handler {
	return warnings{w.Handler.WithGroup(name), w.repeats}
}

// repeatPause is how often an error with the same message is logged, at most.
const repeatPause = time.Minute

// repeats are the errors that have been logged lately.
type repeats struct {
	mu   sync.Mutex
	last map[string]*repeat // by message: River has a few, which are constant
}

type repeat struct {
	at      time.Time
	leftOut int
}

// passes reports whether a record is to be logged, and adds to it how many were
// left out before. What is about a single job always is.
func (all *repeats) passes(r *slog.Record) bool {
	if r.Level < slog.LevelError || ofJob(r) {
		return true
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	before := all.last[r.Message]
	if before != nil && r.Time.Sub(before.at) < repeatPause {
		before.leftOut++
		return false
	}
	if before != nil && before.leftOut > 0 {
		*r = r.Clone()
		r.AddAttrs(slog.Int("left_out", before.leftOut))
	}
	all.last[r.Message] = &repeat{at: r.Time}
	return true
}

func ofJob(r *slog.Record) (found bool) {
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == "job_id"
		return !found
	})
	return found
}

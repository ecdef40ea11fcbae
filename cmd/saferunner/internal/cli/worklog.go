package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

// workLog prints what the engine of a worker logs, a line each. While the
// database is away the engine says the same again and again: a cause is
// printed once in a while.
type workLog struct {
	out    io.Writer
	mu     sync.Mutex
	causes map[string]time.Time // when each was printed
}

const (
	quietFor  = time.Minute
	maxCauses = 100
)

func newWorkLog(out io.Writer) *slog.Logger {
	return slog.New(&workLog{out: out, causes: map[string]time.Time{}})
}

func (l *workLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (l *workLog) Handle(_ context.Context, r slog.Record) error {
	cause, entry := "", ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "err", "error":
			cause = ": " + a.Value.String()
		case "entry": // of a call: each is told of
			entry = " (call " + a.Value.String() + ")"
		}
		return true
	})
	text := strings.TrimPrefix(r.Message, "saferunner: ") + entry + cause
	if cause == "" {
		cause = text
	}
	cause += entry
	l.mu.Lock()
	defer l.mu.Unlock()
	if printed, ok := l.causes[cause]; ok && r.Time.Sub(printed) < quietFor {
		return nil
	}
	if len(l.causes) == maxCauses {
		clear(l.causes)
	}
	l.causes[cause] = r.Time
	_, err := fmt.Fprintf(l.out, "saferunner: %s %s: %s\n", r.Time.Format(time.DateTime), strings.ToLower(r.Level.String()), screen.Clean(text))
	return err
}

// What stands beside the cause is for a developer of the engine.

func (l *workLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l *workLog) WithGroup(string) slog.Handler { return l }

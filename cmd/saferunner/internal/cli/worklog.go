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
	cause := ""
	var call loggedCall
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "err", "error":
			cause = ": " + a.Value.String()
		case "task":
			call.task = a.Value.String()
		case "run_id":
			call.runID = a.Value.String()
		case "entry":
			call.entry = a.Value.String()
		}
		return true
	})
	text := strings.TrimPrefix(r.Message, "saferunner: ") + call.String() + cause
	if cause == "" {
		cause = text
	}
	cause += call.entry // each call is told of
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

// loggedCall is the call that a record is about.
type loggedCall struct{ task, runID, entry string }

// String names it, as far as the record does.
func (c loggedCall) String() string {
	switch {
	case c.entry == "":
		return ""
	case c.task == "":
		return " (call " + c.entry + ")"
	case c.runID == "":
		return " (" + c.task + ", call " + c.entry + ")"
	}
	return " (" + c.task + " of " + c.runID + ", call " + c.entry + ")"
}

// What stands beside the cause is for a developer of the engine.

func (l *workLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l *workLog) WithGroup(string) slog.Handler { return l }

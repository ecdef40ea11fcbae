package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/journal"
)

// lines shows calls as they end, a line each. It is safe for concurrent use.
type lines struct {
	out    screen.Screen
	margin int // width of the longest name
	mu     *sync.Mutex
}

func newLines(out screen.Screen, names []string) lines {
	l := lines{out: out, mu: new(sync.Mutex)}
	for _, name := range names {
		l.margin = max(l.margin, len(name))
	}
	return l
}

// line is that of one attempt.
type line struct {
	lines   lines
	call    saferunner.CallInfo
	started time.Time
}

func (l lines) begin(call saferunner.CallInfo) line { return line{l, call, time.Now()} }

// end prints the line.
func (l line) end(status journal.Status, err string) {
	const statusWidth = len(journal.StatusInterrupted)
	out, now := l.lines.out, time.Now()
	symbol, style := screen.Symbol(status)
	text := fmt.Sprintf("%s %s %s  %s %6s  %s",
		out.Paint(screen.Dim, now.Format(time.DateTime)), out.Paint(style, symbol), screen.Pad(l.call.Task, l.lines.margin),
		screen.Pad(string(status), statusWidth), screen.Duration(now.Sub(l.started)), screen.Clean(l.call.RunID))
	if err != "" {
		text += "  " + out.Paint(screen.Red, screen.Clean(err))
	}
	l.lines.mu.Lock()
	defer l.lines.mu.Unlock()
	_, _ = io.WriteString(out, text+"\n")
}

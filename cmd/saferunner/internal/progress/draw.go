package progress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/journal"
)

// interval is how often the times of running calls are redrawn.
const interval = 100 * time.Millisecond

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func (p *Progress) animate() {
	defer close(p.stopped)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.mu.Lock()
			p.frame++
			p.redraw("")
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

// redraw writes text, with the lines of the calls below it on a terminal.
func (p *Progress) redraw(above string) {
	if !p.out.Live || p.still {
		_, _ = io.WriteString(p.out, above)
		return
	}
	var text strings.Builder
	p.clear(&text)
	text.WriteString(above)
	lines := p.lines()
	for _, line := range lines {
		text.WriteString(line + "\n")
	}
	p.drawn = len(lines)
	_, _ = io.WriteString(p.out, text.String())
}

// clear takes the lines that were drawn off the terminal.
func (p *Progress) clear(text *strings.Builder) {
	if p.drawn > 0 {
		fmt.Fprintf(text, "\x1b[%dA\r\x1b[J", p.drawn)
	}
	p.drawn = 0
}

// lines returns one for each call if the terminal is high enough, else those
// that execute and a count of the rest.
func (p *Progress) lines() []string {
	_, height := p.out.Size()
	room := max(1, height-2)
	var all, running []string
	ended := 0
	for i := range p.calls {
		c := &p.calls[i]
		line := p.line(c)
		all = append(all, line)
		switch {
		case c.status == journal.StatusRunning:
			running = append(running, line)
		case c.status != "" && c.status.Final():
			ended++
		}
	}
	if len(all) <= room {
		return all
	}
	running = running[:min(len(running), room-1)]
	return append(running, p.out.Paint(screen.Dim, fmt.Sprintf("%d of %d calls ended", ended, len(p.calls))))
}

// line shows one call, cut to the width of the terminal.
func (p *Progress) line(c *call) string {
	const statusWidth = len(journal.StatusInterrupted)
	symbol, style := screen.Symbol(c.status)
	status, took := string(c.status), screen.Duration(c.took)
	switch {
	case c.status == "":
		symbol, style, status, took = "·", screen.Dim, "waiting", ""
	case c.status == journal.StatusRunning:
		symbol = string(spinner[p.frame%len(spinner)])
		took = screen.Duration(time.Since(c.started))
	case c.took == 0:
		took = ""
	}
	if c.err == "" && took == "" {
		return p.cut(symbol, style, c.name, status)
	}
	name := screen.Pad(c.name, p.margin)
	text := fmt.Sprintf("%s  %6s", screen.Pad(status, statusWidth), took)
	if c.err != "" {
		text += "  " + screen.Clean(c.err)
	}
	return p.cut(symbol, style, name, text)
}

func (p *Progress) cut(symbol string, style screen.Style, name, text string) string {
	name = screen.Pad(name, p.margin)
	width := 0
	if columns := p.out.Width(); columns > 0 {
		width = max(1, columns-len(name)-5) // the symbol, gaps, and the last column
	}
	return p.out.Paint(style, symbol) + " " + name + "  " + screen.Cut(text, width)
}

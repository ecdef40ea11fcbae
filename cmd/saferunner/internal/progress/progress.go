// Package progress shows what the calls of a run are doing: a line a call,
// redrawn in place on a terminal, and above them what they print.
package progress

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/journal"
)

// Progress shows the calls of one run. It is safe for concurrent use.
type Progress struct {
	mu     sync.Mutex
	out    screen.Screen
	calls  []call
	margin int // width of the longest name
	drawn  int // lines on the terminal that are redrawn
	frame  int
	still  bool // nothing is redrawn any more

	stop, stopped chan struct{} // of the goroutine that redraws; nil without
}

type call struct {
	name    string
	status  journal.Status // empty: not begun
	started time.Time
	took    time.Duration
	err     string
}

// New shows calls of tasks with these names, in the order of the list. Stop
// it.
func New(out screen.Screen, names []string) *Progress {
	p := &Progress{out: out, calls: make([]call, len(names))}
	for i, name := range names {
		p.calls[i].name = name
		p.margin = max(p.margin, len(name))
	}
	if out.Live {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.animate()
	}
	return p
}

// Begin tells that call i executes.
func (p *Progress) Begin(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.calls[i]
	c.status, c.started = journal.StatusRunning, time.Now()
	p.redraw("")
}

// Queue tells that call i waits for a worker.
func (p *Progress) Queue(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.calls[i]
	c.status = journal.StatusQueued
	if !p.out.Live {
		_, _ = io.WriteString(p.out, p.line(c)+"\n")
		return
	}
	p.redraw("")
}

// Again tells that an attempt at call i has failed and another will follow.
func (p *Progress) Again(i int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.calls[i]
	c.status, c.err = journal.StatusQueued, err.Error()
	p.redraw("")
}

// End tells what became of call i. What is told later of the same call is
// ignored.
func (p *Progress) End(i int, status journal.Status, took time.Duration, err string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.calls[i]
	if c.status != "" && c.status.Final() {
		return
	}
	c.status, c.took, c.err = status, took, err
	if !p.out.Live {
		_, _ = io.WriteString(p.out, p.line(c)+"\n")
		return
	}
	p.redraw("")
}

// Elapsed returns for how long call i has executed.
func (p *Progress) Elapsed(i int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.calls[i].started)
}

// Stop ends the redrawing and takes the lines off the terminal. What the
// calls print still appears.
func (p *Progress) Stop() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.stopped
	p.stop = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	var text strings.Builder
	p.clear(&text)
	_, _ = io.WriteString(p.out, text.String())
	p.still = true
}

// Print puts the lines that Stop took off the terminal back for good.
func (p *Progress) Print() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.still {
		return
	}
	for i := range p.calls {
		_, _ = io.WriteString(p.out, p.line(&p.calls[i])+"\n")
	}
}

// printed puts a line that call i has printed above the calls.
func (p *Progress) printed(i int, line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	prefix := p.out.Paint(screen.Dim, screen.Pad(p.calls[i].name, p.margin)+" │ ")
	p.redraw(prefix + screen.Clean(line) + "\n")
}

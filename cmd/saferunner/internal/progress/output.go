package progress

import (
	"bytes"
	"io"
	"sync"
)

// maxLine is where a line that does not end is broken.
const maxLine = 8 << 10

// Output returns a writer for what call i prints. Lines appear when they are
// complete; Close shows the rest.
func (p *Progress) Output(i int) io.WriteCloser { return &output{progress: p, call: i} }

type output struct {
	progress *Progress
	call     int

	mu   sync.Mutex
	line []byte
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for rest := data; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		part := rest
		if end >= 0 {
			part = rest[:end]
		}
		part = part[:min(len(part), maxLine-len(o.line))]
		o.line = append(o.line, part...)
		rest = rest[len(part):]
		complete := len(rest) > 0 && rest[0] == '\n'
		if complete {
			rest = rest[1:]
		}
		if complete || len(o.line) == maxLine {
			o.flush()
		}
	}
	return len(data), nil
}

func (o *output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.line) > 0 {
		o.flush()
	}
	return nil
}

// flush shows the line as a terminal would: a carriage return begins it anew.
func (o *output) flush() {
	line := bytes.TrimRight(o.line, "\r")
	o.progress.printed(o.call, string(line[bytes.LastIndexByte(line, '\r')+1:]))
	o.line = o.line[:0]
}

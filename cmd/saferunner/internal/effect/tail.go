package effect

import (
	"bytes"
	"strings"
)

// tail keeps the end of what is written to it, and the beginning of the last
// line that is not blank, which may be longer.
type tail struct {
	buf  []byte
	cut  bool   // the beginning is gone
	line []byte // beginning of the line that is being written
	last []byte // of the one before that was not blank
}

// tailSize is how much of what a command or a server says is looked at.
const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.cut = t.cut || len(t.buf)+len(p) > tailSize
	t.buf = append(t.buf, p[max(0, len(p)-tailSize):]...)
	t.buf = t.buf[max(0, len(t.buf)-tailSize):]
	for rest := p; len(rest) > 0; {
		end := bytes.IndexAny(rest, "\r\n")
		part := rest
		if end >= 0 {
			part = rest[:end]
		}
		t.line = append(t.line, part[:min(len(part), tailSize-len(t.line))]...)
		if end < 0 {
			break
		}
		if len(bytes.TrimSpace(t.line)) > 0 {
			t.line, t.last = t.last, t.line
		}
		t.line, rest = t.line[:0], rest[end+1:]
	}
	return len(p), nil
}

// lastLine returns the last line that is not blank, masked; JSON that is
// printed on several is one. Of a line that is longer than the tail it is the
// beginning.
func (t *tail) lastLine(secrets secrets) string {
	whole := t.buf
	if t.cut { // half a line may hold half a secret, which nothing would recognise
		whole = whole[bytes.IndexAny(append(whole, '\n'), "\r\n"):]
	}
	text := strings.TrimSpace(secrets.mask(string(whole)))
	if text != "" {
		return lastJSON(text)
	}
	long := t.line
	if len(bytes.TrimSpace(long)) == 0 {
		long = t.last
	}
	return strings.TrimSpace(secrets.mask(secrets.withoutHalf(string(long))))
}

// firstLine returns the first line of text that is not blank, masked; JSON
// that is printed on several is one. If text is cut, so may the line be.
func firstLine(text string, cut bool, secrets secrets) string {
	if cut {
		text = secrets.withoutHalf(text)
	}
	text = strings.TrimSpace(secrets.mask(text))
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return onOneLine(text)
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

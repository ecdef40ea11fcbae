package effect

import (
	"bytes"
	"strings"
)

// tail keeps the end of what is written to it.
type tail struct {
	buf []byte
	cut bool // the beginning is gone
}

// tailSize is how much of what a command or a server says is looked at.
const tailSize = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.cut = t.cut || len(t.buf)+len(p) > tailSize
	t.buf = append(t.buf, p[max(0, len(p)-tailSize):]...)
	t.buf = t.buf[max(0, len(t.buf)-tailSize):]
	return len(p), nil
}

// line returns the last line that is not blank, masked. Half a line is none:
// it may hold half a secret, which nothing would recognise.
func (t *tail) line(secrets secrets) string {
	whole := t.buf
	if t.cut {
		whole = whole[bytes.IndexAny(append(whole, '\n'), "\r\n"):]
	}
	text := strings.TrimSpace(secrets.mask(string(whole)))
	return strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
}

const maxErrorText = 200

// truncate cuts a text that is to be part of an error, and makes it valid
// UTF-8 on one line.
func truncate(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	runes := []rune(text)
	if len(runes) <= maxErrorText {
		return text
	}
	return string(runes[:maxErrorText]) + "…"
}

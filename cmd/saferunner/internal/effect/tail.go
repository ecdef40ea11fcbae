package effect

import (
	"bytes"
	"strings"
)

// tail keeps the end of what is written to it.
type tail struct{ buf []byte }

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p[max(0, len(p)-tailSize):]...)
	t.buf = t.buf[max(0, len(t.buf)-tailSize):]
	return len(p), nil
}

// line returns the last line that is not blank.
func (t *tail) line() string {
	text := bytes.TrimSpace(t.buf)
	return strings.TrimSpace(string(text[bytes.LastIndexAny(text, "\r\n")+1:]))
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

package screen

import (
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Clean returns text on one line and without anything that would move the
// cursor or change colours: texts from outside may hold both.
func Clean(text string) string {
	text = ansi.Strip(strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return -1
		default:
			return r
		}
	}, text)
}

// Columns returns how many columns a cleaned text takes at most: on a terminal
// that joins no emoji. A line that wraps is worse than a short one.
func Columns(text string) int { return ansi.StringWidthWc(text) }

// Cut shortens a cleaned text to so many columns; 0: no limit. It counts as
// Columns does, which ansi.TruncateWc does not for a text with joined emoji.
func Cut(text string, columns int) string {
	if columns <= 0 || Columns(text) <= columns {
		return text
	}
	left := columns - 1 // one for the ellipsis
	for i, r := range text {
		if left -= Columns(string(r)); left < 0 {
			return text[:i] + "…"
		}
	}
	return text
}

// Pad fills a cleaned text up to so many columns.
func Pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-Columns(text)))
}

// Duration shows a duration as exactly as a person wants it.
func Duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}

package saferunnertest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const redacted = "[redacted]"

// sides are the two sides of a difference.
func sides(want, got string) string {
	indent := func(s string) string { return strings.ReplaceAll(s, "\n", "\n     ") }
	return "want " + indent(want) + "\ngot  " + indent(got) + "\n"
}

// cut returns the beginning of a text.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

// excerpts returns the parts of two texts around the first place in which they
// differ, if they are long.
func excerpts(want, got string, limit int) (w, g string) {
	if len(want) <= limit && len(got) <= limit {
		return want, got
	}
	start := max(firstDifference(want, got)-limit/3, 0)
	return excerpt(want, start, limit), excerpt(got, start, limit)
}

// quotedExcerpts is excerpts of text that is yet to be quoted.
func quotedExcerpts(want, got string) (w, g string) {
	start := max(firstDifference(want, got)-maxLine/3, 0)
	quoted := func(s string) string {
		part := excerpt(s, start, maxLine)
		inner := strings.TrimSuffix(strings.TrimPrefix(part, "…"), "…")
		before, after, _ := strings.Cut(part, inner)
		if inner == "" {
			return `""`
		}
		return before + quote(inner) + after
	}
	return quoted(want), quoted(got)
}

// quote writes a text as Go does, in the way that is shorter.
func quote(text string) string {
	q := strconv.Quote(text)
	if raw := "`" + text + "`"; len(raw) < len(q) && strconv.CanBackquote(text) && !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return raw
	}
	return q
}

func excerpt(text string, start, limit int) string {
	start = min(start, len(text))
	for start > 0 && start < len(text) && !utf8.RuneStart(text[start]) {
		start--
	}
	if start == 0 {
		return cut(text, limit)
	}
	return "…" + cut(text[start:], limit)
}

// firstDifference returns the byte at which two texts begin to differ.
func firstDifference(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// codePoints tells apart letters that look the same.
func codePoints(want, got string) string {
	at := firstDifference(want, got)
	for at > 0 && (at < len(want) && !utf8.RuneStart(want[at]) || at < len(got) && !utf8.RuneStart(got[at])) {
		at--
	}
	w, _ := utf8.DecodeRuneInString(want[at:])
	g, _ := utf8.DecodeRuneInString(got[at:])
	if w < utf8.RuneSelf && g < utf8.RuneSelf || at == len(want) || at == len(got) {
		return ""
	}
	return fmt.Sprintf("at byte %d: %U is %U\n", at, w, g)
}

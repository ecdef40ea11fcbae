package goliteral

import (
	"math"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

const (
	maxWidth = 100
	tabWidth = 4
)

// layout writes an expression as gofmt does. Control characters mark what is to
// be aligned: \v and \t end a cell, \n a line, \f a line and all columns.
func layout(e *expr) string {
	text := e.text(0, 0) + e.trailing(" ")
	if oneLine(text) {
		return text
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 1, ' ', tabwriter.DiscardEmptyColumns|tabwriter.TabIndent)
	_, _ = w.Write([]byte(text)) // a Builder takes everything
	_ = w.Flush()
	return b.String()
}

// text returns an expression without its trailing comment. It begins after so
// many columns of a line with an indent of that many tabs.
func (e *expr) text(indent, used int) string {
	head, inner := indented(e.head, indent), e.inner()
	if at := strings.LastIndexAny(head, "\n\f"); at >= 0 {
		used = tabWidth*indent - indent + width(head[at+1:])
	} else {
		used += width(head)
	}
	switch {
	case oneLine(inner) && used+width(inner+e.tail) < maxWidth:
	case len(e.items) > 0:
		inner = "\f" + e.broken(indent+1) + "\f" + tabs(indent)
	case len(e.lines) > 1:
		inner = strings.Join(e.lines, " +\n"+tabs(indent+1))
	}
	return head + inner + e.tail
}

// broken returns the items of a list on lines of their own.
func (e *expr) broken(indent int) string {
	var b strings.Builder
	var columns columns
	used := 0
	for i, it := range e.items {
		key, separator := "", " "
		if it.key != nil {
			key = it.key.text(indent, tabWidth*indent) + ":"
		}
		value := it.value.text(indent, tabWidth*indent+width(key)+1)
		if i > 0 && e.fill && used+width(value)+2 < maxWidth {
			b.WriteString(" " + value + ",")
			used += width(value) + 2
			continue
		}
		size := 0
		switch {
		case !oneLine(key + value):
		case key == "":
			size = len(value)
		default:
			size = len(key) - 1
			if len(e.items) > 1 {
				separator = "\v"
			}
		}
		end := columns.next(size)
		if i > 0 {
			b.WriteString(end)
		}
		b.WriteString(tabs(indent) + key)
		if key != "" {
			b.WriteString(separator)
		}
		b.WriteString(value + "," + it.value.trailing("\t"))
		used = tabWidth*indent + width(value) + 1
	}
	if e.note != "" {
		b.WriteString("\n" + tabs(indent) + comment(e.note))
	}
	return b.String()
}

// columns decides like gofmt which lines of a list are aligned with each other:
// those on one line each, whose keys are short or not too different in length.
type columns struct {
	last  int     // size of the last key, 0 if it had more than one line
	logs  float64 // of the sizes in this section
	count int
}

// next takes the size of a key, and returns how to end the line before it.
func (c *columns) next(size int) (end string) {
	const small, tooDifferent = 40, 2.5
	aligned := c.last > 0 && size > 0
	if aligned && c.count > 0 && max(c.last, size) > small {
		ratio := float64(size) / math.Exp(c.logs/float64(c.count))
		aligned = 1/tooDifferent < ratio && ratio < tooDifferent
	}
	end = "\n"
	if !aligned {
		*c, end = columns{}, "\f"
	}
	c.last = size
	if size > 0 {
		c.logs += math.Log(float64(size))
		c.count++
	}
	return end
}

func oneLine(s string) bool { return !strings.ContainsAny(s, "\n\f") }
func width(s string) int    { return utf8.RuneCountInString(s) }
func tabs(n int) string     { return strings.Repeat("\t", n) }

// indented shifts all lines of s but the first.
func indented(s string, n int) string {
	if oneLine(s) {
		return s
	}
	return strings.NewReplacer("\n", "\n"+tabs(n), "\f", "\f"+tabs(n)).Replace(s)
}

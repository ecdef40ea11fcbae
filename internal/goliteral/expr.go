package goliteral

import "strings"

// expr is an expression that can be laid out on one line or on several.
type expr struct {
	head, tail string   // around body, or around items and the note of a list
	body       string   // on one line
	lines      []string // the parts of a string in body, one for each of its lines
	list       bool     // a composite literal
	fill       bool     // its items may share lines
	items      []item
	note       string // what could not be written
	lost       bool   // it stands for something that cannot be written
}

type item struct{ key, value *expr } // no key in arrays and slices

func leaf(body string) *expr { return &expr{body: body} }

// in puts an expression between a prefix and a suffix.
func (e *expr) in(prefix, suffix string) *expr {
	e.head, e.tail = prefix+e.head, e.tail+suffix
	return e
}

// flat returns an expression on one line, if its types allow.
func (e *expr) flat() string { return e.head + e.inner() + e.tail + e.trailing(" ") }

// inner is what stands between head and tail, on one line.
func (e *expr) inner() string {
	if !e.list {
		return e.body
	}
	var b strings.Builder
	for i, it := range e.items {
		if i > 0 {
			b.WriteString(", ")
		}
		if it.key != nil {
			b.WriteString(it.key.flat() + ": ")
		}
		b.WriteString(it.value.flat())
	}
	if e.note != "" {
		b.WriteString(" " + comment(e.note))
		if len(e.items) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// trailing is the comment that follows an expression. A list's stands inside it.
func (e *expr) trailing(separator string) string {
	if e.list || e.note == "" {
		return ""
	}
	return separator + comment(e.note)
}

func comment(text string) string {
	return "/* " + strings.ReplaceAll(text, "*/", "* /") + " */"
}

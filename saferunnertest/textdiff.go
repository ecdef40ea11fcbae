package saferunnertest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

const (
	maxLine   = 150    // of a line of text that is shown whole
	around    = 2      // lines shown before and after a difference
	maxLines  = 40     // lines shown of a text
	maxEdited = 20_000 // lines or words that are compared one by one
	maxRun    = 8      // lines in a row that were removed or added
	maxWords  = 5      // differing words that are told
)

// textDifference shows two texts that differ: short ones whole, those of several
// lines by their lines, and others by the words that differ.
func textDifference(path, want, got string) difference {
	if strings.Count(want, "\n") > 1 || strings.Count(got, "\n") > 1 {
		return lineDifference(path, want, got)
	}
	w, g := quote(want), quote(got)
	if len(w) <= maxLine && len(g) <= maxLine {
		return difference{path: path, text: sides(w, g) + codePoints(want, got)}
	}
	w, g = quotedExcerpts(want, got)
	return difference{
		path:  path,
		text:  sides(w, g) + codePoints(want, got) + wordText(want, got),
		whole: &whole{[]byte(want), []byte(got)},
	}
}

// lineDifference shows the lines that differ, with some around them.
func lineDifference(path, want, got string) difference {
	edits := editsOf(lines(want), lines(got))
	changed, shown := 0, []string{}
	for i := 0; i < len(edits); i++ {
		if edits[i].equal {
			continue
		}
		to := i
		for j := i; j < len(edits) && j <= to+2*around; j++ {
			if !edits[j].equal {
				to = j
				changed++
			}
		}
		shown = append(shown, hunk(edits, i, to)...)
		i = to
	}
	d := difference{path: path, note: fmt.Sprintf("%s differ (- want, + got)", ofLines(changed, want, got))}
	if changed == 1 {
		d.note = fmt.Sprintf("%s differs (- want, + got)", ofLines(changed, want, got))
	}
	if strings.ReplaceAll(want, "\r\n", "\n") == strings.ReplaceAll(got, "\r\n", "\n") {
		d.note += `, in how they end: \n or \r\n`
	}
	if len(shown) > maxLines {
		shown = append(shown[:maxLines], "… and more")
	}
	d.text = strings.Join(shown, "\n") + "\n"
	if len(want)+len(got) > maxSide {
		d.whole = &whole{[]byte(want), []byte(got)}
	}
	return d
}

func ofLines(changed int, want, got string) string {
	return fmt.Sprintf("%d of %s", changed, plural(max(len(lines(want)), len(lines(got))), "line", "lines"))
}

// hunk shows the edits from one to another, and the lines around them.
func hunk(edits []edit, from, to int) []string {
	start, end := max(from-around, 0), min(to+around, len(edits)-1)
	shown := []string{fmt.Sprintf("@@ line %d @@", edits[start].line)}
	var removed, added []string
	flush := func() {
		shown = append(append(shown, someOf("- ", removed)...), someOf("+ ", added)...)
		removed, added = nil, nil
	}
	for _, e := range edits[start : end+1] {
		if e.equal {
			flush()
			shown = append(shown, "  "+cut(lineText(e.want, false), maxLine))
			continue
		}
		quoted := hides(e.want) || hides(e.got)
		w, g := lineText(e.want, quoted), lineText(e.got, quoted)
		if e.removed && e.added {
			w, g = excerpts(w, g, maxLine)
		}
		if e.removed {
			removed = append(removed, cut(w, 2*maxLine))
		}
		if e.added {
			added = append(added, cut(g, 2*maxLine))
		}
	}
	flush()
	return shown
}

// someOf puts a sign before lines, the first ones.
func someOf(sign string, lines []string) (signed []string) {
	for i, line := range lines {
		if i == maxRun && len(lines) > maxRun+1 {
			return append(signed, fmt.Sprintf("%s… and %d more", sign, len(lines)-i))
		}
		signed = append(signed, sign+line)
	}
	return signed
}

// lineText shows a line without its end; quoted, if something in it would not be seen.
func lineText(line string, quoted bool) string {
	switch {
	case quoted:
		return strconv.QuoteToASCII(line)
	case strings.HasSuffix(line, "\n"):
		return line[:len(line)-1]
	}
	return line
}

// hides reports whether a line has something that a reader does not see, such as
// spaces at its end, a missing line end, or a letter that looks like another.
func hides(line string) bool {
	content, ended := strings.CutSuffix(line, "\n")
	return line != "" && !ended || strings.TrimRight(content, " \t") != content || strings.ContainsFunc(content, func(r rune) bool {
		return r != '\t' && !strconv.IsPrint(r) || unicode.Is(unicode.Mn, r) || r == utf8.RuneError
	})
}

// lines returns the lines of a text, with their ends.
func lines(text string) []string { return slices.Collect(strings.Lines(text)) }

// wordText tells the words that differ, unless they are many.
func wordText(want, got string) string {
	var told []string
	times := map[string]int{}
	for _, e := range editsOf(words(want), words(got)) {
		if e.equal {
			continue
		}
		text := wordEdit(e)
		if times[text]++; times[text] == 1 {
			told = append(told, text)
		}
		if len(told) > maxWords {
			return ""
		}
	}
	for i, text := range told {
		if n := times[text]; n > 1 {
			told[i] += fmt.Sprintf(" (%d times)", n)
		}
	}
	return "words: " + strings.Join(told, ", ") + "\n"
}

func wordEdit(e edit) string {
	w, g := cut(quote(e.want), maxLine/3), cut(quote(e.got), maxLine/3)
	switch {
	case !e.added:
		return w + " is missing"
	case !e.removed:
		return g + " is new"
	case w == g:
		return "a long word is another one"
	}
	return w + " is now " + g
}

// words cuts a text into words and what is between them.
func words(text string) (all []string) {
	start, kind := 0, 0
	for i, r := range text {
		k := 3 // each other sign is a word
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			k = 1
		case unicode.IsSpace(r):
			k = 2
		}
		if i > start && (k != kind || k == 3) {
			all = append(all, text[start:i])
			start = i
		}
		kind = k
	}
	return append(all, text[start:])
}

// edit is a step from one list to another: an element that both have, or one
// that was removed, added, or both, which is to say changed.
type edit struct {
	want, got             string
	equal, removed, added bool
	line                  int // of want, from 1
}

// editsOf compares two lists. Of long ones the middle counts as one change.
func editsOf(want, got []string) (edits []edit) {
	front := 0
	for front < min(len(want), len(got)) && want[front] == got[front] {
		front++
	}
	back := 0
	for back < min(len(want), len(got))-front && want[len(want)-1-back] == got[len(got)-1-back] {
		back++
	}
	for i := range front {
		edits = append(edits, edit{want: want[i], got: got[i], equal: true, line: i + 1})
	}
	w, g := want[front:len(want)-back], got[front:len(got)-back]
	if len(w)+len(g) > maxEdited {
		w, g = w[:min(len(w), maxEdited/2)], g[:min(len(g), maxEdited/2)]
	}
	r := editReporter{edits: edits, line: front + 1}
	cmp.Equal(append([]string{}, w...), append([]string{}, g...), cmp.Reporter(&r)) // never nil, which is another thing to cmp
	for i := len(want) - back; i < len(want); i++ {
		r.edits = append(r.edits, edit{want: want[i], got: want[i], equal: true, line: i + 1})
	}
	return r.edits
}

// editReporter collects the steps that cmp finds.
type editReporter struct {
	path  cmp.Path
	edits []edit
	line  int
}

// PushStep implements cmp.Reporter.
func (r *editReporter) PushStep(s cmp.PathStep) { r.path = append(r.path, s) }

// PopStep implements cmp.Reporter.
func (r *editReporter) PopStep() { r.path = r.path[:len(r.path)-1] }

// Report implements cmp.Reporter.
func (r *editReporter) Report(result cmp.Result) {
	want, got := r.path.Last().Values()
	e := edit{equal: result.Equal(), line: r.line}
	if want.IsValid() {
		e.want, e.removed = want.String(), !e.equal
		r.line++
	}
	if got.IsValid() {
		e.got, e.added = got.String(), !e.equal
	}
	r.edits = append(r.edits, e)
}

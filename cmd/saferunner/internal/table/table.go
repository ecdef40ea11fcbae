// Package table lays out rows in columns.
package table

import (
	"io"
	"strings"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

// Cell is a text and how it is shown.
type Cell struct {
	Text  string
	Style screen.Style
}

// Write writes the rows under their headings, in columns that are as wide as
// they need to be. On a terminal the widest ones are cut until a row fits a
// line. Columns that are empty in every row are left out.
func Write(out screen.Screen, headings []string, rows [][]Cell) error {
	head := make([]Cell, len(headings))
	widths := make([]int, len(headings))
	for i, heading := range headings {
		head[i] = Cell{heading, screen.Dim}
	}
	for _, row := range rows {
		for i := range row {
			row[i].Text = screen.Clean(row[i].Text)
			if row[i].Text != "" {
				widths[i] = max(widths[i], len(headings[i]), screen.Columns(row[i].Text))
			}
		}
	}
	if out.Width() > 0 {
		fit(widths, out.Width())
	}
	var text strings.Builder
	for _, row := range append([][]Cell{head}, rows...) {
		writeRow(&text, out, row, widths)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

const (
	gap       = 2
	narrowest = 10 // that a column is cut to, on however narrow a terminal
)

// fit takes columns from the widest one until all fit into the width.
func fit(widths []int, width int) {
	for {
		total, widest := -gap, 0
		for i, columns := range widths {
			if columns > 0 {
				total += columns + gap
			}
			if columns >= widths[widest] { // of two, the one further right
				widest = i
			}
		}
		if total <= width || widths[widest] <= narrowest {
			return
		}
		widths[widest]--
	}
}

func writeRow(text *strings.Builder, out screen.Screen, row []Cell, widths []int) {
	spaces := 0 // that are due before the next text
	for i, cell := range row {
		if widths[i] == 0 {
			continue
		}
		cut := screen.Cut(cell.Text, widths[i])
		if cut != "" {
			text.WriteString(strings.Repeat(" ", spaces))
			text.WriteString(out.Paint(cell.Style, cut))
			spaces = 0
		}
		spaces += widths[i] - screen.Columns(cut) + gap
	}
	text.WriteByte('\n')
}

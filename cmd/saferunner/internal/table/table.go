// Package table lays out rows in columns.
package table

import (
	"strings"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

// Cell is a text and how it is shown.
type Cell struct {
	Text  string
	Style screen.Style
}

// Write writes the rows under their headings, as wide as they need to be. On
// a terminal the last column that has anything in it is cut to fit a line.
// Columns that are empty in every row are left out.
func Write(out screen.Screen, headings []string, rows [][]Cell) error {
	widths := make([]int, len(headings))
	last := 0
	for _, row := range rows {
		for i := range row {
			row[i].Text = screen.Clean(row[i].Text)
			widths[i] = max(widths[i], screen.Columns(row[i].Text))
			if widths[i] > 0 {
				last = max(last, i)
			}
		}
	}
	head := make([]Cell, len(headings))
	for i, heading := range headings {
		head[i] = Cell{heading, screen.Dim}
		if widths[i] > 0 {
			widths[i] = max(widths[i], len(heading))
		}
	}
	var text strings.Builder
	for _, row := range append([][]Cell{head}, rows...) {
		writeRow(&text, out, row, widths, last)
	}
	_, err := out.Write([]byte(text.String()))
	return err
}

const gap = 2

func writeRow(text *strings.Builder, out screen.Screen, row []Cell, widths []int, last int) {
	const narrowest = 10 // of the last column, on however narrow a terminal
	used, spaces := 0, 0
	for i, cell := range row[:last+1] {
		if widths[i] == 0 || cell.Text == "" {
			spaces += widths[i]
			if widths[i] > 0 {
				spaces += gap
			}
			continue
		}
		if i == last && out.Width() > 0 {
			cell.Text = screen.Cut(cell.Text, max(narrowest, out.Width()-used-spaces))
		}
		text.WriteString(strings.Repeat(" ", spaces))
		text.WriteString(out.Paint(cell.Style, cell.Text))
		used += spaces + screen.Columns(cell.Text)
		spaces = widths[i] - screen.Columns(cell.Text) + gap
	}
	text.WriteByte('\n')
}

package saferunnertest

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
)

const (
	maxArgs   = 100
	maxRows   = 40
	maxColumn = 120 // of a row, but for the arguments
)

// ledger lists calls, a line each, with their run IDs if they have several.
func ledger(calls []call, runIDs bool) string {
	var rows [][]string
	shown := calls[:min(len(calls), maxRows)]
	texts := distinct(shown)
	for i, c := range shown {
		row := []string{strconv.Itoa(i + 1)}
		if runIDs {
			row = append(row, c.runID)
		}
		status := c.status + c.flags()
		if c.ended != "" {
			status += ", after the end of " + c.ended
		}
		if c.ctx != "" {
			status += ", with a " + c.ctx + " whose request carries no recorder"
		}
		rows = append(rows, append(row, c.task, status, c.run.String(), texts[i]))
	}
	text := table(rows)
	if more := len(calls) - len(rows); more > 0 {
		text += fmt.Sprintf("  … and %d more\n", more)
	}
	return text
}

// wholeLedger lists calls with all of their arguments.
func wholeLedger(calls []call) string {
	var b strings.Builder
	for i, c := range calls {
		fmt.Fprintf(&b, "%d  %s  %s  %s  %s\n", i+1, c.task, c.status+c.flags(), c.run, c.json())
	}
	return b.String()
}

// table aligns rows, and leaves out columns that are empty in all of them.
func table(rows [][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.DiscardEmptyColumns)
	for i, row := range rows {
		if i == maxRows {
			_, _ = fmt.Fprintf(w, "  … and %d more\n", len(rows)-i)
			break
		}
		last := len(row) - 1
		for j, cell := range row[:last] {
			if j == 0 {
				cell = "  " + cell
			}
			_, _ = fmt.Fprintf(w, "%s\t", oneLine(cut(cell, maxColumn)))
		}
		_, _ = fmt.Fprintln(w, oneLine(row[last]))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// oneLine keeps a cell in its place.
func oneLine(cell string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`, "\v", `\v`, "\f", `\f`, "\r", `\r`).Replace(cell)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

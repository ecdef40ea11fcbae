package saferunnertest

import (
	"fmt"
	"slices"
	"strings"
)

// pair is a wanted call and the made call it is held against; -1 for none.
type pair struct {
	want, got int
	equal     bool
}

// align finds for each wanted call the one that was made: an equal one,
// else the nearest one of the same task.
func align(want, got []call) []pair {
	taken := make([]bool, len(got))
	pairs := make([]pair, len(want))
	for i := range want {
		pairs[i] = pair{i, -1, false}
		if i < len(got) && !taken[i] && want[i].same(got[i]) {
			pairs[i], taken[i] = pair{i, i, true}, true
		}
	}
	for i := range want {
		for j := range got {
			if pairs[i].got < 0 && !taken[j] && want[i].same(got[j]) {
				pairs[i], taken[j] = pair{i, j, true}, true
			}
		}
	}
	for i := range want {
		if pairs[i].got >= 0 {
			continue
		}
		if j := nearest(want[i], got, taken); j >= 0 {
			pairs[i].got, taken[j] = j, true
		}
	}
	for j := range got {
		if !taken[j] {
			pairs = append(pairs, pair{-1, j, false})
		}
	}
	return pairs
}

// maxNearest bounds how many made calls a wanted one is held against.
const maxNearest = 20

// nearest returns the free call of the same task with the fewest differences,
// among the first ones.
func nearest(want call, got []call, taken []bool) int {
	best, fewest, tried := -1, 0, 0
	for j := 0; j < len(got) && tried < maxNearest; j++ {
		if taken[j] || got[j].task != want.task {
			continue
		}
		tried++
		if _, n := differences(want, got[j], ""); best < 0 || n < fewest {
			best, fewest = j, n
		}
	}
	return best
}

// reordered says how the made calls are the wanted ones in another order: the
// fewest of them that, put elsewhere, give the order that was wanted.
func reordered(pairs []pair, got []call) string {
	wanted := make([]int, len(got))
	for _, p := range pairs {
		wanted[p.got] = p.want
	}
	stay := longestRising(wanted)
	rows := make([][]string, 0, len(got))
	texts := distinct(got)
	for j, c := range got {
		note := ""
		if !stay[j] {
			note = fmt.Sprintf("moved: wanted as call %d", wanted[j]+1)
		} else if len(got) > maxRows {
			continue // there are enough rows of those that moved
		}
		rows = append(rows, []string{fmt.Sprint(j + 1), c.task + c.flags(), note, c.run.String(), texts[j]})
	}
	return "The calls are the ones wanted, but were made in this order:\n" + table(rows)
}

// longestRising marks the elements of one of the longest rising parts of a list
// of different numbers.
func longestRising(list []int) (marked []bool) {
	length, before := make([]int, len(list)), make([]int, len(list))
	last := -1
	for i := range list {
		length[i], before[i] = 1, -1
		for j := range i {
			if list[j] < list[i] && length[j] >= length[i] {
				length[i], before[i] = length[j]+1, j
			}
		}
		if last < 0 || length[i] > length[last] {
			last = i
		}
	}
	marked = make([]bool, len(list))
	for ; last >= 0; last = before[last] {
		marked[last] = true
	}
	return marked
}

// distinct returns the arguments of calls, cut so that those of one task differ
// where the arguments do.
func distinct(calls []call) []string {
	full, shown := make([]string, len(calls)), make([]string, len(calls))
	for i, c := range calls {
		full[i] = c.json()
		shown[i] = cut(full[i], maxArgs)
	}
	for i := range calls {
		for j := range min(len(calls), maxRows) {
			if i != j && full[i] != full[j] && cut(full[i], maxArgs) == cut(full[j], maxArgs) && calls[i].task == calls[j].task {
				shown[i], _ = excerpts(full[i], full[j], maxArgs)
				break
			}
		}
	}
	return shown
}

// text says how a made call differs from the one wanted.
func (p pair) text(want, got []call, pkg string, files *artifacts) string {
	switch {
	case p.equal:
		return ""
	case p.got < 0:
		return fmt.Sprintf("call %d, %s: wanted, and not made\n", p.want+1, want[p.want].task)
	case p.want < 0:
		return fmt.Sprintf("call %d, %s: made, and not wanted, at %s\n", p.got+1, got[p.got].task, got[p.got].run)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "call %d, %s, made at %s, differs:\n", p.got+1, got[p.got].task, got[p.got].run)
	diffs, count := differences(want[p.want], got[p.got], pkg)
	for _, d := range diffs {
		b.WriteString(d.String())
		if d.whole != nil {
			fmt.Fprintf(&b, "        whole in %s\n", files.pair(d.whole.want, d.whole.got))
		}
	}
	if count > len(diffs) {
		fmt.Fprintf(&b, "    … and %s\n", plural(count-len(diffs), "more difference", "more differences"))
	}
	return b.String()
}

// maxDifference bounds the text of one difference.
const maxDifference = 4 << 10

// String returns the difference below the name of its field.
func (d difference) String() string {
	name := d.path
	if name == "" {
		name = "(arguments)"
	}
	if d.note != "" {
		name += ": " + d.note
	}
	var b strings.Builder
	b.WriteString("    " + name + "\n")
	rest := strings.Split(strings.TrimSuffix(d.text, "\n"), "\n")
	for i, line := range rest {
		if b.Len() > maxDifference {
			fmt.Fprintf(&b, "        … and %d more lines\n", len(rest)-i)
			break
		}
		b.WriteString(strings.TrimRight("        "+line, " ") + "\n")
	}
	return b.String()
}

// allEqual reports whether each call has its equal.
func allEqual(pairs []pair) bool {
	return !slices.ContainsFunc(pairs, func(p pair) bool { return !p.equal })
}

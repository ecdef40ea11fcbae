package saferunnertest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

const row = 16 // bytes on a line

// bytesDifference shows two runs of bytes around the first place in which they differ.
func bytesDifference(path string, want, got []byte) difference {
	at := firstByte(want, got)
	d := difference{path: path, note: fmt.Sprintf("bytes differ from byte %d on", at)}
	if len(want) == len(got) {
		n := 0
		for i := range want {
			if want[i] != got[i] {
				n++
			}
		}
		d.note = fmt.Sprintf("%d of %d bytes differ, the first at byte %d", n, len(want), at)
	} else {
		d.note += fmt.Sprintf("; want %d, got %d", len(want), len(got))
	}
	start := max(at/row*row-row, 0)
	d.text = sides(window(want, start), window(got, start))
	if max(len(want), len(got)) > 3*row {
		d.whole = &whole{want, got}
	}
	return d
}

func firstByte(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// window shows a few lines of bytes, as hex.Dump does, from a byte on.
func window(b []byte, start int) string {
	const rows = 4
	part := b[min(start, len(b)):min(start+rows*row, len(b))]
	if len(part) == 0 {
		return "(no bytes here)"
	}
	var out strings.Builder
	for chunk := range bytes.SplitSeq([]byte(hex.Dump(part)), []byte("\n")) {
		if len(chunk) <= 10 { // the offset after the last line
			continue
		}
		fmt.Fprintf(&out, "%08x%s\n", start, chunk[8:])
		start += row
	}
	return strings.TrimSuffix(out.String(), "\n")
}

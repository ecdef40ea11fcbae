package table

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
)

func rows() [][]Cell {
	return [][]Cell{
		{{"sms.send", screen.Plain}, {"done", screen.Green}, {}, {"12ms", screen.Plain}, {}},
		{{"crm", screen.Plain}, {"failed", screen.Red}, {}, {}, {"exit code 1:\nthe \x1b[31mlast line", screen.Plain}},
	}
}

var headings = []string{"TASK", "STATUS", "KEY", "TIME", "ERROR"}

func TestWrite(t *testing.T) {
	for name, test := range map[string]struct {
		width int
		color bool
		want  string
	}{
		"no terminal": {0, false, "" +
			"TASK      STATUS  TIME  ERROR\n" +
			"sms.send  done    12ms\n" +
			"crm       failed        exit code 1: the last line\n"},
		"narrow": {40, false, "" +
			"TASK      STATUS  TIME  ERROR\n" +
			"sms.send  done    12ms\n" +
			"crm       failed        exit code 1: th…\n"},
		"too narrow": {5, false, "" +
			"TASK      STATUS  TIME  ERROR\n" +
			"sms.send  done    12ms\n" +
			"crm       failed        exit code…\n"},
		"colours": {0, true, "" +
			"\x1b[2mTASK\x1b[0m      \x1b[2mSTATUS\x1b[0m  \x1b[2mTIME\x1b[0m  \x1b[2mERROR\x1b[0m\n" +
			"sms.send  \x1b[32mdone\x1b[0m    12ms\n" +
			"crm       \x1b[31mfailed\x1b[0m        exit code 1: the last line\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			out := screen.Screen{Writer: &got, Color: test.color}
			if test.width > 0 {
				out.Size = func() (int, int) { return test.width, 24 }
			}
			if err := Write(out, headings, rows()); err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("got\n%swant\n%s", got.String(), test.want)
			}
		})
	}
}

// Of several wide columns each gives something.
func TestFit(t *testing.T) {
	for _, test := range []struct {
		widths []int
		width  int
		want   string
	}{
		{[]int{5, 30, 0, 40}, 80, "[5 30 0 40]"},
		{[]int{5, 30, 0, 40}, 70, "[5 30 0 31]"},
		{[]int{5, 30, 0, 40}, 60, "[5 26 0 25]"},
		{[]int{5, 30, 0, 40}, 20, "[5 10 0 10]"},
		{[]int{}, 20, "[]"},
	} {
		widths := slices.Clone(test.widths)
		fit(widths, test.width)
		if got := fmt.Sprint(widths); got != test.want {
			t.Errorf("fit(%v, %d): %s, want %s", test.widths, test.width, got, test.want)
		}
	}
}

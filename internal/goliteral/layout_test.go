package goliteral_test

import (
	"strings"
	"testing"
	"time"

	"github.com/saferunner/saferunner/internal/goliteral/internal/shop"
)

func TestLayout(t *testing.T) {
	long := strings.Repeat("x", 60)
	tests := map[string]struct {
		value any
		want  string
	}{
		"text of several lines": {
			shop.Status(long + "\n\n" + long),
			"shop.Status(\"" + long + "\\n\" +\n\t\"\\n\" +\n\t\"" + long + "\")",
		},
		"text in a list": {
			[]*string{new(long + "\n" + long)},
			"[]*string{\n\tnew(\"" + long + "\\n\" +\n\t\t\"" + long + "\"),\n}",
		},
		"numbers share lines": {
			[]int64{100000000000000, 200000000000000, 300000000000000, 400000000000000, 500000000000000, 600000000000000, 700000000000000},
			"[]int64{\n\t100000000000000, 200000000000000, 300000000000000, 400000000000000, 500000000000000,\n\t600000000000000, 700000000000000,\n}",
		},
		"keys of very different length": {
			map[string]int{"a": 1, "b": 2, "c" + long: 3, "d" + long: 4, "e": 5},
			"map[string]int{\n\t\"a\": 1,\n\t\"b\": 2,\n\t\"c" + long + "\": 3,\n\t\"d" + long + "\": 4,\n\t\"e\": 5,\n}",
		},
		"a broken value ends a column": {
			map[string]any{"a": 1, "bbb": []string{long, long}, "cc": 2, "dddd": 3},
			"map[string]any{\n\t\"a\": 1,\n\t\"bbb\": []string{\n\t\t\"" + long + "\",\n\t\t\"" + long + "\",\n\t},\n\t\"cc\":   2,\n\t\"dddd\": 3,\n}",
		},
		"comments align": {
			map[string]any{"a": own.get, "bbb" + long: own.get, "c": shop.Hide("")},
			"map[string]any{\n\t\"a\": nil, /* func: not a value that can be written */\n\t\"bbb" + long + "\": nil, /* func: not a value that can be written */\n\t\"c\": nil, /* shop.secret is unexported */\n}",
		},
		"anonymous struct": {
			[]struct {
				A   int `json:"a"`
				Bcd shop.Cents
				shop.Base
			}{{A: 1}, {Bcd: 2}},
			"[]struct {\n\tA   int `json:\"a\"`\n\tBcd shop.Cents\n\tshop.Base\n}{{A: 1}, {Bcd: 2}}",
		},
		"anonymous structs in each other": {
			struct {
				In  struct{ A, B int }
				Out interface {
					M() int
					N()
				}
				F time.Duration
			}{F: 1},
			"struct {\n\tIn struct {\n\t\tA int\n\t\tB int\n\t}\n\tOut interface {\n\t\tM() int\n\t\tN()\n\t}\n\tF time.Duration\n}{F: time.Nanosecond}",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := write(tt.value, thisPackage)
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			checkFormat(t, got)
		})
	}
}

func TestOrderIsFormatted(t *testing.T) {
	for _, pkg := range []string{thisPackage, shop.PkgPath, ""} {
		got := write(shop.NewOrder(), pkg)
		checkFormat(t, got)
		for line := range strings.Lines(got) {
			if len(line) > 130 {
				t.Errorf("a line of %d bytes: %s", len(line), line)
			}
		}
	}
}

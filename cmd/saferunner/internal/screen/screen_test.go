package screen

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"plain ünï 漢字":                        "plain ünï 漢字",
		"a\x1b[31;1mred\x1b[0m b":             "ared b",
		"\x1b]0;title\x07x\x1b]8;;u\x1b\\y":   "xy",
		"up\x1b[2A\x1b[Jgone\x1b":             "upgone",
		"one\ntwo\tthree\r\n":                 "one two three  ",
		"\x00\x07\b\u009b31m\u202eevil\u2066": "31mevil",
		"\x1bPq#0;2;0\x1b\\x\x1b_G\x1b\\y":    "xy",
		"bad \xff utf":                        "bad \uFFFD utf",
	} {
		if got := Clean(text); got != want {
			t.Errorf("Clean(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCutAndPad(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"abcdef", 0, "abcdef"},
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcd…"},
		{"abcdef", 1, "…"},
		{"漢字漢字", 8, "漢字漢字"},
		{"漢字漢字", 6, "漢字…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"👩\u200d👧 ok", 6, "👩\u200d👧 …"},
		{"한국어 ＡＢ", 9, "한국어 …"},
		{"✓●…–│", 5, "✓●…–│"},
	} {
		if got := Cut(test.text, test.columns); got != test.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", test.text, test.columns, got, test.want)
		}
	}
	if got := Pad("漢", 4) + "|" + Pad("long", 2) + "|"; got != "漢  |long|" {
		t.Errorf("Pad: %q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                        "<1ms",
		999 * time.Microsecond:   "<1ms",
		12345 * time.Microsecond: "12ms",
		1234 * time.Millisecond:  "1.2s",
		59*time.Second + 40e6:    "59s",
		83*time.Second + 4e8:     "1m23s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%d) = %s, want %s", d, got, want)
		}
	}
}

func TestPaint(t *testing.T) {
	if got := (Screen{Color: true}).Paint(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours: %q", got)
	}
	if got := (Screen{}).Paint(Red, "x"); got != "x" {
		t.Errorf("without: %q", got)
	}
}

// A file is no terminal: no colours, no redrawing, no width.
func TestOfFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := Of(f); s.Live || s.Color || s.Width() != 0 {
		t.Errorf("a file shows as %+v", s)
	}
}

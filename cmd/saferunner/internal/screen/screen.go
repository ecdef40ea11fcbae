// Package screen knows what a stream can show: whether it is a terminal, in
// colour, and how wide.
package screen

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Screen is a stream that people read.
type Screen struct {
	io.Writer
	Live  bool                       // a terminal on which lines can be redrawn
	Color bool                       // it shows colours
	Size  func() (width, height int) // of the terminal; nil if it is none
}

// Of returns what f can show. NO_COLOR, if it is not empty, and TERM=dumb
// take the colours away.
func Of(f *os.File) Screen {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return Screen{Writer: f}
	}
	live := os.Getenv("TERM") != "dumb"
	return Screen{
		Writer: f,
		Live:   live,
		Color:  live && os.Getenv("NO_COLOR") == "",
		Size: func() (int, int) {
			width, height, err := term.GetSize(fd)
			if err != nil || width <= 0 || height <= 0 {
				return 80, 24
			}
			return width, height
		},
	}
}

// Width returns how many columns there are; 0: no limit.
func (s Screen) Width() int {
	if s.Size == nil {
		return 0
	}
	width, _ := s.Size()
	return width
}

// Style is a way to show text.
type Style string

// The styles.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Cyan   Style = "36"
)

// Paint returns text in a style, where there are colours.
func (s Screen) Paint(style Style, text string) string {
	if !s.Color || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

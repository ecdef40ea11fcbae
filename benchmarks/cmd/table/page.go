package main

import (
	"fmt"
	"os"
	"strings"
)

const (
	beginMarker = "<!-- begin tables, written by benchmarks/run -->\n"
	endMarker   = "<!-- end tables -->\n"
)

// replaceTables puts the tables between the markers of the file page.
func replaceTables(page, tables string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, hasBegin := strings.Cut(string(text), beginMarker)
	_, after, hasEnd := strings.Cut(rest, endMarker)
	if !hasBegin || !hasEnd {
		return fmt.Errorf("%s lacks the line %q, or %q after it", page, strings.TrimSpace(beginMarker), strings.TrimSpace(endMarker))
	}
	return os.WriteFile(page, []byte(before+beginMarker+"\n"+tables+"\n"+endMarker+after), 0o644)
}

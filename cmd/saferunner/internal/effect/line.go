package effect

import (
	"bytes"
	"encoding/json"
	"strings"
)

// onOneLine returns JSON without the space between its values. What is no
// whole JSON it only puts on one line.
func onOneLine(text string) string {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) == nil {
		return compact.String()
	}
	return strings.Join(strings.Fields(text), " ")
}

// lastJSON returns the last line of text, or the JSON that ends with it.
func lastJSON(text string) string {
	last := strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
	opening, ends := map[string]string{"}": "{", "]": "["}[last]
	if !ends {
		return last
	}
	begin := strings.LastIndex("\n"+text, "\n"+opening) // of a line that is not indented
	if begin < 0 || !json.Valid([]byte(text[begin:])) {
		return last
	}
	return onOneLine(text[begin:])
}

const maxErrorText = 200

// truncate cuts a text that is to be part of an error, and makes it valid
// UTF-8 on one line.
func truncate(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	runes := []rune(text)
	if len(runes) <= maxErrorText {
		return text
	}
	return string(runes[:maxErrorText]) + "…"
}

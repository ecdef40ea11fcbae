package redact

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

const (
	tagKey  = "saferunner"
	tagWord = "redact"
)

// Tagged reports whether a field is tagged as a secret. A tag that is
// misspelt, for which [PlanOf] returns an error, counts as one.
func Tagged(sf reflect.StructField) bool {
	_, ok := sf.Tag.Lookup(tagKey)
	return ok || misspelt(sf.Tag)
}

// tagProblem says what is wrong with a field's tag, empty if nothing is.
func tagProblem(sf reflect.StructField) string {
	value, ok := sf.Tag.Lookup(tagKey)
	if !ok {
		if misspelt(sf.Tag) {
			return fmt.Sprintf("its tag %q is not spelt as saferunner:%q", string(sf.Tag), tagWord)
		}
		return ""
	}
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word != tagWord {
			return fmt.Sprintf("its tag saferunner:%q has the word %q, the only one is %q", value, word, tagWord)
		}
	}
	return ""
}

// misspelt reports whether a tag without our key tries to have it: in other
// letters, or where reflection cannot read the tag.
func misspelt(tag reflect.StructTag) bool {
	rest := string(tag)
	for rest = strings.TrimLeft(rest, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, value, ok := strings.Cut(rest, ":")
		quoted, err := strconv.QuotedPrefix(value)
		if !ok || err != nil || strings.ContainsAny(key, " \"") || quoted[0] != '"' {
			break // reflection does not read on
		}
		words := strings.FieldsFunc(key, func(r rune) bool { return !unicode.IsLetter(r) })
		if len(words) > 0 && strings.EqualFold(words[len(words)-1], tagKey) {
			return true
		}
		rest = value[len(quoted):]
	}
	return strings.Contains(strings.ToLower(rest), tagKey)
}

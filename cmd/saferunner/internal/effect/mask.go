package effect

import (
	"os"
	"slices"
	"strings"
)

// secrets are the values that a step got from the environment.
type secrets map[string]string

func (s secrets) lookup(name string) (string, bool) {
	value, ok := os.LookupEnv(name)
	if ok {
		s[name] = value
	}
	return value, ok
}

// maskFrom is the length from which a value is masked: shorter ones are no
// secrets, and replacing them would make the text unreadable.
const maskFrom = 4

// mask returns text with every value of a variable, and every line of one that
// has several, replaced by its name.
func (s secrets) mask(text string) string {
	type secret struct{ text, name string }
	var all []secret
	for name, value := range s {
		all = append(all, secret{value, name})
		for line := range strings.FieldsFuncSeq(value, isLineEnd) {
			all = append(all, secret{strings.TrimSpace(line), name})
		}
	}
	// The longest first: one may be part of another.
	slices.SortFunc(all, func(a, b secret) int { return len(b.text) - len(a.text) })
	var pairs []string
	for _, secret := range all {
		if len(secret.text) >= maskFrom {
			pairs = append(pairs, secret.text, "${"+secret.name+"}")
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' }

// maskError is mask for the text of err; what err wraps is still found.
func (s secrets) maskError(err error) error {
	if err == nil || len(s) == 0 {
		return err
	}
	return &textError{s.mask(err.Error()), err}
}

// textError says what its cause is in better words.
type textError struct {
	text  string
	cause error
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.cause }

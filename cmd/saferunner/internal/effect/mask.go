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

// mask returns text with every value of a variable replaced by its name.
func (s secrets) mask(text string) string {
	names := make([]string, 0, len(s))
	for name, value := range s {
		if len(value) >= maskFrom {
			names = append(names, name)
		}
	}
	// The longest value first: one may be part of another.
	slices.SortFunc(names, func(a, b string) int { return len(s[b]) - len(s[a]) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, s[name], "${"+name+"}")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

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

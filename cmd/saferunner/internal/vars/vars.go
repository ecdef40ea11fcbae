// Package vars expands ${NAME} in text. $$ stands for one $; every other $ is
// left as it is, for the shell.
package vars

import (
	"fmt"
	"regexp"
	"strings"
)

// Lookup finds the value of a variable, as [os.LookupEnv] does.
type Lookup func(name string) (value string, ok bool)

// UnsetError says that a variable has no value.
type UnsetError struct{ Name string }

func (e *UnsetError) Error() string { return "${" + e.Name + "} is not set" }

// SyntaxError says that what follows a ${ is not a variable.
type SyntaxError struct{ Text string }

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%q is not a variable", e.Text)
}

var (
	namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	special     = regexp.MustCompile(`\$\$|\$\{([^}]*)\}?`)
)

// ValidName reports whether name can stand in ${NAME}.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Expand replaces every variable by its value and $$ by $. It fails with an
// *[UnsetError] or a *[SyntaxError].
func Expand(text string, lookup Lookup) (string, error) {
	return replace(text, "$", func(name string) (string, error) {
		value, ok := lookup(name)
		if !ok {
			return "", &UnsetError{name}
		}
		return value, nil
	})
}

// Fill replaces the variables that given holds, and leaves the others and $$
// for a later [Expand], which leaves the values that were filled in alone.
func Fill(text string, given map[string]string) (string, error) {
	return replace(text, "$$", func(name string) (string, error) {
		value, ok := given[name]
		if !ok {
			return "${" + name + "}", nil
		}
		return Escape(value), nil
	})
}

// Names returns the variables in text, in order.
func Names(text string) ([]string, error) {
	var names []string
	_, err := replace(text, "", func(name string) (string, error) {
		names = append(names, name)
		return "", nil
	})
	return names, err
}

// Escape returns text in a form that [Expand] turns back into it, whatever
// follows it. A $ that means nothing to Expand stays as it is.
func Escape(text string) string {
	var escaped strings.Builder
	for i := range len(text) {
		escaped.WriteByte(text[i])
		if text[i] == '$' && (i+1 == len(text) || text[i+1] == '$' || text[i+1] == '{') {
			escaped.WriteByte('$')
		}
	}
	return escaped.String()
}

func replace(text, dollar string, value func(name string) (string, error)) (string, error) {
	var err error
	expanded := special.ReplaceAllStringFunc(text, func(match string) string {
		if match == "$$" || err != nil {
			return dollar
		}
		name, closed := strings.CutSuffix(match[2:], "}")
		if !closed || !ValidName(name) {
			err = &SyntaxError{match}
			return ""
		}
		var text string
		text, err = value(name)
		return text
	})
	if err != nil {
		return "", err
	}
	return expanded, nil
}

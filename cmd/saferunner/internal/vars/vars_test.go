package vars

import (
	"errors"
	"slices"
	"testing"
)

func lookupIn(values map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestExpand(t *testing.T) {
	values := lookupIn(map[string]string{"A": "1", "B_2": "${A}", "EMPTY": ""})
	for text, want := range map[string]string{
		"":                     "",
		"plain":                "plain",
		"${A}":                 "1",
		"x${A}y${A}":           "x1y1",
		"${EMPTY}.":            ".",
		"${B_2}":               "${A}", // a value is not expanded again
		"$$":                   "$",
		"$${A}":                "${A}",
		"$$${A}":               "$1",
		"$A $1 $(date) 5$ a$b": "$A $1 $(date) 5$ a$b",
	} {
		got, err := Expand(text, values)
		if got != want || err != nil {
			t.Errorf("Expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	for text, want := range map[string]string{
		"${NONE}":     "${NONE} is not set",
		"${A:-x}":     `"${A:-x}" is not a variable`,
		"${}":         `"${}" is not a variable`,
		"${A":         `"${A" is not a variable`,
		"${1A}":       `"${1A}" is not a variable`,
		"a ${B C} ${": `"${B C}" is not a variable`,
	} {
		got, err := Expand(text, lookupIn(map[string]string{"A": "1"}))
		if err == nil || err.Error() != want || got != "" {
			t.Errorf("Expand(%q) = %q, %v; want the error %q", text, got, err, want)
		}
	}
	_, err := Expand("${NONE}", lookupIn(nil))
	if unset, ok := errors.AsType[*UnsetError](err); !ok || unset.Name != "NONE" {
		t.Errorf("error %#v; want an UnsetError of NONE", err)
	}
}

// What Fill leaves is for Expand; what it fills in stays as it is.
func TestFillThenExpand(t *testing.T) {
	filled, err := Fill("$$ ${GIVEN} ${ENV} $x", map[string]string{"GIVEN": "$$ ${ENV} $"})
	if err != nil || filled != "$$ $$$ $${ENV} $$ ${ENV} $x" {
		t.Fatalf("Fill: %q, %v", filled, err)
	}
	got, err := Expand(filled, lookupIn(map[string]string{"ENV": "e"}))
	if want := "$ $$ ${ENV} $ e $x"; got != want || err != nil {
		t.Errorf("Expand: %q, %v; want %q", got, err, want)
	}
}

func TestNames(t *testing.T) {
	names, err := Names("${B} $$${A} $${C} ${B}")
	if !slices.Equal(names, []string{"B", "A", "B"}) || err != nil {
		t.Errorf("Names: %v, %v", names, err)
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("a ${B} $$ $c ${", "v$")
	f.Fuzz(func(t *testing.T, text, value string) {
		if got, err := Expand(Escape(text), lookupIn(nil)); got != text || err != nil {
			t.Errorf("Expand(Escape(%q)) = %q, %v", text, got, err)
		}
		any := func(string) (string, bool) { return value, true }
		direct, err := Expand(text, any)
		if err != nil {
			return
		}
		names, _ := Names(text)
		given := map[string]string{}
		for _, name := range names {
			given[name] = value
		}
		filled, err := Fill(text, given)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Expand(filled, lookupIn(nil)); got != direct || err != nil {
			t.Errorf("%q filled with %q, expanded: %q, %v; want %q", text, value, got, err, direct)
		}
	})
}

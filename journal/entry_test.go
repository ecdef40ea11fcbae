package journal_test

import (
	"reflect"
	"testing"

	"github.com/saferunner/saferunner/journal"
)

func TestErrorTextIsOfTheLastAttempt(t *testing.T) {
	for want, attempts := range map[string][]journal.Attempt{
		"":       {{Error: "first"}, {}},
		"second": {{Error: "first"}, {Error: "second"}},
		"only":   {{Error: "only"}},
	} {
		if got := (journal.Entry{Attempts: attempts}).ErrorText(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (journal.Entry{Status: journal.StatusQueued}).ErrorText(); got != "" {
		t.Errorf("without attempts: %q", got)
	}
	if _, ok := reflect.TypeFor[journal.Entry]().MethodByName("Err"); ok {
		t.Error("Err promises an error, and a text is returned")
	}
}

package stack_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/stack"
)

const number uint64 = 0x41111111beef

// charge has an argument that the runtime's own stacks show.
//
//go:noinline
func charge(card uint64, text string) string { return inner(card, text, 0) }

//go:noinline
func inner(card uint64, _ string, skip int) string {
	if card == 0 {
		panic("no card")
	}
	return stack.Text(skip)
}

func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func TestTextNamesFunctionFileAndLine(t *testing.T) {
	got := lines(charge(number, "4111"))
	if len(got) < 6 || len(got)%2 != 0 {
		t.Fatalf("%d lines", len(got))
	}
	for i, want := range []string{"stack_test.inner", "stack_test.charge", "stack_test.TestTextNamesFunctionFileAndLine"} {
		if !strings.HasSuffix(got[2*i], want) {
			t.Errorf("frame %d is %q, want %s", i, got[2*i], want)
		}
		if !regexp.MustCompile(`^\t.*/stack_test\.go:\d+$`).MatchString(got[2*i+1]) {
			t.Errorf("place of frame %d is %q", i, got[2*i+1])
		}
	}
}

func TestTextHoldsNoArguments(t *testing.T) {
	text := charge(number, "4111")
	for _, secret := range []string{fmt.Sprintf("%x", number), fmt.Sprint(number), "4111", "(0x", "{0x", "goroutine"} {
		if strings.Contains(text, secret) {
			t.Errorf("the stack shows %s:\n%s", secret, text)
		}
	}
}

func TestTextSkips(t *testing.T) {
	if got := lines(inner(1, "", 1)); !strings.HasSuffix(got[0], "TestTextSkips") {
		t.Errorf("begins at %s", got[0])
	}
	for _, skip := range []int{-1, 1000} {
		_ = inner(1, "", skip)
	}
}

// recovered returns the stack that a deferred function sees.
func recovered(f func()) (text string) {
	defer func() {
		_ = recover()
		text = stack.Text(0)
	}()
	f()
	return ""
}

func TestTextOfAPanicBeginsWhereItWasRaised(t *testing.T) {
	var none *struct{ n int }
	var list []int
	index := 3
	for name, f := range map[string]func(){
		"panic":       func() { charge(0, "") },
		"nil pointer": func() { none.n++ },
		"index":       func() { list[index]++ },
	} {
		got := lines(recovered(f))
		want := "stack_test.TestTextOfAPanicBeginsWhereItWasRaised.func"
		if name == "panic" {
			want = "stack_test.inner"
		}
		if !strings.Contains(got[0], want) {
			t.Errorf("%s: begins at %s", name, got[0])
		}
	}
}

//go:noinline
func deep(n int) string {
	if n == 0 {
		return stack.Text(0)
	}
	return deep(n - 1)
}

func TestTextIsBounded(t *testing.T) {
	text := deep(1000)
	if n := strings.Count(text, "\n\t"); n != 64 || len(text) > 16<<10+100 {
		t.Errorf("%d frames in %d bytes", n, len(text))
	}
	if !strings.HasSuffix(text, "... and more\n") {
		t.Error("does not say that there is more")
	}
}

func ExampleText() {
	first, _, _ := strings.Cut(stack.Text(0), "\n")
	fmt.Println(first)
	// Output: github.com/saferunner/saferunner/internal/stack_test.ExampleText
}

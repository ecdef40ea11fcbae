// Package leaktest fails a test binary that leaves goroutines behind.
//
//	func TestMain(m *testing.M) { leaktest.Main(m) }
package leaktest

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

const (
	module   = "github.com/saferunner/saferunner"
	patience = 3 * time.Second
)

// Main runs the suite m and exits with its code. When the suite passed but goroutines running
// or started by this project's code (its tests included) are still there, and do not end within
// a few seconds, Main prints their stacks and exits with 1. It never returns.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if code == 0 {
		if stacks := leaked(); len(stacks) > 0 {
			fmt.Fprintf(os.Stderr, "leaktest: %d goroutine(s) left %v after the tests; end them before the test that started them does:\n\n%s\n",
				len(stacks), patience, strings.Join(stacks, "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// leaked returns the stacks of the project's goroutines that outlast patience.
func leaked() []string {
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		stacks := projectStacks(allStacks())
		if len(stacks) == 0 || time.Now().After(deadline) {
			return stacks
		}
		time.Sleep(pause)
	}
}

// allStacks returns the stack of the calling goroutine, followed by those of all others.
func allStacks() string {
	for buf := make([]byte, 64<<10); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return string(buf[:n])
		}
	}
}

// projectStacks picks the goroutines that run or were created by the project's functions.
// The first stack is left out: it is the caller's own.
func projectStacks(all string) []string {
	var found []string
	for _, stack := range strings.Split(strings.TrimSpace(all), "\n\n")[1:] {
		for line := range strings.Lines(stack) {
			function := strings.TrimPrefix(line, "created by ")
			if strings.HasPrefix(function, module) {
				found = append(found, stack)
				break
			}
		}
	}
	return found
}

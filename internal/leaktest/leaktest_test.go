package leaktest

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"
)

const childVariable = "LEAKTEST_CHILD"

// suite stands in for a *testing.M: it is what a child process runs.
type suite func() int

func (s suite) Run() int { return s() }

var suites = map[string]suite{
	"clean": func() int { return 0 },
	"fails": func() int { go blockForever(); return 7 },
	"leaks": func() int { go blockForever(); return 0 },
	"ends soon": func() int {
		go time.Sleep(50 * time.Millisecond)
		return 0
	},
	"leaks a library function": func() int {
		var wg sync.WaitGroup
		wg.Add(1)
		go wg.Wait()
		return 0
	},
	"starts the runtime's own": func() int {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
		return 0
	},
}

func blockForever() { <-make(chan int) }

func TestMain(m *testing.M) {
	if s, isChild := suites[os.Getenv(childVariable)]; isChild {
		Main(s)
	}
	Main(m)
}

func TestMainInAChildProcess(t *testing.T) {
	for _, want := range []struct {
		suite string
		code  int
		says  string
	}{
		{suite: "clean"},
		{suite: "ends soon"},
		{suite: "starts the runtime's own"},
		{suite: "fails", code: 7},
		{suite: "leaks", code: 1, says: "internal/leaktest.blockForever"},
		{suite: "leaks a library function", code: 1, says: "sync.(*WaitGroup).Wait"},
	} {
		t.Run(want.suite, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), childVariable+"="+want.suite)
			output, err := child.CombinedOutput()
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if code != want.code {
				t.Errorf("exit code %d, want %d; output:\n%s", code, want.code, output)
			}
			if want.says == "" && len(output) > 0 {
				t.Errorf("unexpected output:\n%s", output)
			}
			if !strings.Contains(string(output), want.says) {
				t.Errorf("output does not name %q:\n%s", want.says, output)
			}
		})
	}
}

package gate

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/saferunner/saferunner/internal/gate/start"
)

// ForceVariable names the tasks whose calls execute in test mode,
// separated by commas; __all__ stands for every task.
const ForceVariable = start.ForceName

const forceAllName = "__all__"

// forced is what ForceVariable says.
type forced struct {
	text  string // as it was found
	all   bool
	names []string
}

// notedForce is what it said when the process started.
var notedForce forced

func parseForced(text string) forced {
	f := forced{text: text}
	for name := range strings.SplitSeq(text, ",") {
		switch name = strings.TrimSpace(name); name {
		case "":
		case forceAllName:
			f.all = true
		default:
			f.names = append(f.names, name)
		}
	}
	return f
}

// lookForced returns what the process started with and the variable still
// says. It asks package os, so that the test cache knows of it. What was added
// since the start does not count: a test that set it would set it for all
// tests that follow.
func lookForced(testing bool) forced {
	now := parseForced(os.Getenv(ForceVariable))
	if testing {
		now.reportAdded()
	}
	if notedForce.all {
		return now
	}
	f := forced{text: now.text, names: notedForce.names}
	if !now.all {
		f.names = slices.DeleteFunc(slices.Clone(f.names), func(name string) bool { return !slices.Contains(now.names, name) })
	}
	return f
}

// ForceAtStart lets these tasks through in test mode, instead of those that
// ForceVariable names, as if the process had been started with them. It is
// for saferunner's own command line, where a person writes them as a flag; a
// program's code never gets here. It comes before anything else of the gate,
// and changes nothing in a test binary or once somebody has asked for the
// mode.
func ForceAtStart(names ...string) error {
	if isTestBinary() {
		return fmt.Errorf("%s cannot be set in a test: set it when the test starts", ForceVariable)
	}
	if current.Load() != nil {
		return fmt.Errorf("%s cannot be set once the mode is known: set it when the process starts", ForceVariable)
	}
	text := strings.Join(names, ",")
	if err := os.Setenv(ForceVariable, text); err != nil {
		return err
	}
	notedForce = parseForced(text)
	return nil
}

// reported holds the names that somebody was told of.
var reported sync.Map

// reportAdded says once of each name that it was set too late.
func (f forced) reportAdded() {
	names := f.names
	if f.all {
		names = append(slices.Clone(names), forceAllName)
	}
	for _, name := range names {
		if notedForce.all || slices.Contains(notedForce.names, name) {
			continue
		}
		if _, told := reported.LoadOrStore(name, true); !told {
			fmt.Fprintf(os.Stderr, "saferunner: %s names %s, but did not when the process started: it is not let through; let one test through with rec.Force\n", ForceVariable, name)
		}
	}
}

var announced atomic.Bool

// announce says once what is let through in test mode.
func (e *environment) announce() {
	if e.mode != Record || !e.forced.all && len(e.forced.names) == 0 || announced.Swap(true) {
		return
	}
	what := "every task"
	if !e.forced.all {
		what = strings.Join(e.forced.names, ", ")
	}
	fmt.Fprintf(os.Stderr, "saferunner: %s lets through in test mode: %s\n", ForceVariable, what)
}

func (e *environment) forcesTask(name string) bool {
	return e.forced.all || len(e.forced.names) > 0 && slices.Contains(e.forced.names, name)
}

// Forced returns the tasks that ForceVariable lets through in test mode;
// all is true for every task.
func Forced() (names []string, all bool) {
	e := process()
	if e.mode != Record {
		return nil, false
	}
	return e.forced.names, e.forced.all
}

package gate

import (
	"flag"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/saferunner/saferunner/internal/gate/start"
)

// ModeVariable is live or record. Not set means live, in a process that is no
// test binary.
const ModeVariable = start.ModeName

// Mode is whether this process executes or records.
type Mode uint8

// What a process can be.
const (
	Unknown Mode = iota // SAFERUNNER_MODE is something else: nothing executes
	Live
	Record
)

// environment is what the process says of mode and force. It is never
// changed, only replaced.
type environment struct {
	mode    Mode
	text    string // SAFERUNNER_MODE as it was found, for the error
	testing bool   // in a test binary
	settled bool   // it cannot turn out to be a test binary any more
	forced  forced
}

// noted is what a process started with: what it does to its environment later
// does not make it live. A test binary is in test mode whatever SAFERUNNER_MODE
// says, and leaves it unread.
var noted struct {
	mode Mode
	text string
}

func init() {
	notedForce = parseForced(start.Force.Text)
	if isTestBinary() {
		markChildren()
		noted.mode = Record
		return
	}
	noted.mode, noted.text = parseMode(start.Mode.Text, start.Mode.Set)
}

// markChildren sets the mode for the processes that a test starts.
func markChildren() {
	const record = "record"
	if text, _ := syscall.Getenv(ModeVariable); text != record {
		_ = os.Setenv(ModeVariable, record) // fails on no platform with this name
	}
}

func parseMode(text string, set bool) (Mode, string) {
	switch {
	case text == "record":
		return Record, text
	case !set || text == "live":
		return Live, text
	default:
		return Unknown, text
	}
}

// current is the environment in force, nil until somebody asks.
var current atomic.Pointer[environment]

// process returns the environment of this process, read at first use. A test
// binary that go test did not build shows late that it is one, when its main
// has registered the flags of package testing. So what is live is not kept
// while packages are initialised, and is looked at again once flags are
// parsed: no test runs before that.
func process() *environment {
	before := current.Load()
	if before != nil && (before.settled || !flag.Parsed()) {
		return before
	}
	e := look()
	switch {
	case before != nil && !e.testing:
		kept := *before
		kept.settled = true
		e = &kept
	case before == nil && e.mode == Live && initialising():
		return e
	}
	if current.CompareAndSwap(before, e) {
		e.announce()
	}
	return current.Load()
}

// Recheck reads the environment again. It is called for each recorder. It
// never makes a process live that was not.
func Recheck() {
	before := process()
	if before.testing && os.Getenv(ForceVariable) == before.forced.text {
		markChildren()
		return
	}
	e := look()
	if before.mode != Live {
		e.mode, e.text = before.mode, before.text
	}
	e.testing, e.settled = e.testing || before.testing, e.settled || before.settled
	current.Store(e)
	e.announce()
}

// look reads the environment as it is now, beside what was noted at the start.
func look() *environment {
	e := &environment{settled: flag.Parsed()} // asked before isTestBinary is
	e.testing = isTestBinary()
	e.forced = lookForced(e.testing)
	if e.testing {
		markChildren()
		e.mode, e.settled = Record, true
		return e
	}
	e.mode, e.text = parseMode(os.LookupEnv(ModeVariable))
	if noted.mode != Live {
		e.mode, e.text = noted.mode, noted.text
	}
	e.settled = e.settled || e.mode == Record
	return e
}

// initialising reports whether the program has not reached its main yet.
func initialising() bool {
	all := make([]byte, 64<<10)
	all = all[:runtime.Stack(all, true)]
	for goroutine := range strings.SplitSeq(string(all), "\n\n") {
		if strings.HasPrefix(goroutine, "goroutine 1 ") {
			return !strings.Contains(goroutine, "\nmain.main(")
		}
	}
	return false // its goroutine has ended, as that of a library does
}

// Current returns the mode of this process, and SAFERUNNER_MODE as it was
// found.
func Current() (Mode, string) {
	e := process()
	return e.mode, e.text
}

// Testing reports whether this process is a test binary.
func Testing() bool { return process().testing }

package gate

import (
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	// ModeVariable is live or record. Not set means live, in a process that is
	// no test binary.
	ModeVariable = "SAFERUNNER_MODE"

	bazelVariable = "BAZEL_TEST"
)

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
	forced  forced
}

// noted is what a process started with: what it does to its environment later
// does not make it live. A test binary is in test mode whatever SAFERUNNER_MODE
// says, and leaves it unread.
var noted struct {
	mode Mode
	text string
}

// What init reads without package os, the test cache does not see.
func init() {
	force, _ := syscall.Getenv(ForceVariable)
	notedForce = parseForced(force)
	if isTestBinary() {
		markChildren()
		noted.mode = Record
		return
	}
	noted.mode, noted.text = parseMode(syscall.Getenv(ModeVariable))
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

// current is the environment in force, nil until it is settled.
var current atomic.Pointer[environment]

// process returns the environment of this process, read at first use. What is
// live is not kept while packages are being initialised: a test binary that
// go test did not build shows only later that it is one.
func process() *environment {
	if e := current.Load(); e != nil {
		return e
	}
	e := look()
	if e.mode == Live && initialising() {
		return e
	}
	if current.CompareAndSwap(nil, e) {
		e.forced.announce(e.mode)
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
	e.testing = e.testing || before.testing
	current.Store(e)
}

// look reads the environment as it is now, beside what was noted at the start.
func look() *environment {
	e := &environment{testing: isTestBinary()}
	e.forced = lookForced(e.testing)
	if e.testing {
		markChildren()
		e.mode = Record
		return e
	}
	e.mode, e.text = parseMode(os.LookupEnv(ModeVariable))
	if noted.mode != Live {
		e.mode, e.text = noted.mode, noted.text
	}
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

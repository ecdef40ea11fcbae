package saferunner

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

const (
	modeVariable  = "SAFERUNNER_MODE"
	forceVariable = "FORCE_RUN_SIDE_EFFECTS"
	forceAllName  = "__all__"
)

// mode is whether this process executes or records.
type mode uint8

const (
	modeUnknown mode = iota // SAFERUNNER_MODE is something else: nothing executes
	modeLive
	modeRecord
)

// environment is what the process says of mode and force.
type environment struct {
	mode     mode
	text     string // SAFERUNNER_MODE as it was found, for the error
	testing  bool   // in a test binary
	forceAll bool
	forced   []string
}

// The marker is set for the processes that a test starts. It is set without
// being read: what init reads, the test cache does not see.
func init() {
	if testing.Testing() {
		markChildren()
		return
	}
	if _, bazel := os.LookupEnv("BAZEL_TEST"); bazel {
		markChildren()
	}
}

func markChildren() {
	_ = os.Setenv(modeVariable, "record") // fails on no platform with this name
}

// process returns the environment of this process, read at first use. While
// the packages are being initialised it is not kept if it is live: a test
// binary that was not built by go test shows that it is one only later.
func process() *environment {
	if e := processEnvironment.Load(); e != nil {
		return e
	}
	inTest := isTestBinary()
	if inTest {
		markChildren()
	}
	e := parseEnvironment(inTest, os.LookupEnv)
	if e.mode == modeLive && initialising() {
		return e
	}
	if processEnvironment.CompareAndSwap(nil, e) && e.mode == modeRecord && e.forces() {
		fmt.Fprintf(os.Stderr, "saferunner: %s lets through in test mode: %s\n", forceVariable, e.forcedText())
	}
	return processEnvironment.Load()
}

var processEnvironment atomic.Pointer[environment]

// initialising reports whether this goroutine is initialising packages.
func initialising() bool {
	pcs := make([]uintptr, 256)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "runtime.doInit") {
			return true
		}
		if !more {
			return false
		}
	}
}

func isTestBinary() bool {
	_, bazel := os.LookupEnv("BAZEL_TEST")
	return testing.Testing() || bazel || flag.Lookup("test.v") != nil
}

func parseEnvironment(inTest bool, lookup func(string) (string, bool)) *environment {
	e := &environment{testing: inTest}
	text, set := lookup(modeVariable)
	switch {
	case inTest || text == "record":
		e.mode = modeRecord
	case !set || text == "live":
		e.mode = modeLive
	default:
		e.text = text
	}
	names, _ := lookup(forceVariable)
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); name {
		case "":
		case forceAllName:
			e.forceAll = true
		default:
			e.forced = append(e.forced, name)
		}
	}
	return e
}

func (e *environment) forces() bool { return e.forceAll || len(e.forced) > 0 }

func (e *environment) forcesTask(name string) bool {
	return e.forceAll || slices.Contains(e.forced, name)
}

func (e *environment) forcedText() string {
	if e.forceAll {
		return "every task"
	}
	return strings.Join(e.forced, ", ")
}

// unknownForced returns the forced names that no task bears.
func (e *environment) unknownForced() []string {
	var unknown []string
	if e.mode != modeRecord {
		return nil
	}
	for _, name := range e.forced {
		if _, ok := knownTasks.Load(name); !ok {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// TestMode reports whether this process records side effects instead of
// executing them: in a test binary, under SAFERUNNER_MODE=record, and, since
// nothing executes then either, when SAFERUNNER_MODE is neither live nor
// record. It does not tell of a single runner made with [RecordOnly].
func TestMode() bool { return process().mode != modeLive }

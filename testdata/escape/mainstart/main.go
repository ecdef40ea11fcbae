// Mainstart is a test binary that go test did not build. What runs while its
// packages are initialised, and in goroutines that were started then, does not
// make it live.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/saferunner/saferunner"
)

var plain = saferunner.Define("escape.plain", func(_ context.Context, what string) error {
	fmt.Println("executed", what)
	return nil
})

var asked = make(chan bool)

func init() {
	saferunner.TestMode()
	go func() { asked <- saferunner.TestMode() }()
	<-asked
}

func test(t *testing.T) {
	if _, err := saferunner.Run(context.Background(), "run", plain.With("sync"), plain.With("async").Async()); err != nil {
		t.Error(err)
	}
	if !saferunner.TestMode() {
		t.Error("not in test mode")
	}
}

func main() {
	saferunner.TestMode() // the flags of package testing are not there yet
	go func() { asked <- saferunner.TestMode() }()
	<-asked
	m := testing.MainStart(deps{}, []testing.InternalTest{{Name: "Test", F: test}}, nil, nil, nil)
	os.Exit(m.Run())
}

// deps is what package testing wants of a main.
type deps struct{}

type corpusEntry = struct {
	Parent     string
	Path       string
	Data       []byte
	Values     []any
	Generation int
	IsSeed     bool
}

func (deps) ImportPath() string                          { return "" }
func (deps) ModulePath() string                          { return "" }
func (deps) MatchString(_, _ string) (bool, error)       { return true, nil }
func (deps) SetPanicOnExit0(bool)                        {}
func (deps) StartCPUProfile(io.Writer) error             { return nil }
func (deps) StopCPUProfile()                             {}
func (deps) StartTestLog(io.Writer)                      {}
func (deps) StopTestLog() error                          { return nil }
func (deps) WriteProfileTo(string, io.Writer, int) error { return nil }
func (deps) ResetCoverage()                              {}
func (deps) SnapshotCoverage()                           {}
func (deps) InitRuntimeCoverage() (string, func(string, string) (string, error), func() float64) {
	return "", nil, nil
}
func (deps) CoordinateFuzzing(time.Duration, int64, time.Duration, int64, int, []corpusEntry, []reflect.Type, string, string) error {
	return nil
}
func (deps) RunFuzzWorker(func(corpusEntry) error) error { return nil }
func (deps) ReadCorpus(string, []reflect.Type) ([]corpusEntry, error) {
	return nil, nil
}
func (deps) CheckCorpus([]any, []reflect.Type) error { return nil }

package saferunnertest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fakeT is a test that may fail. Its methods that stop a test do not exist:
// the kit must not call them from within a Run.
type fakeT struct {
	testing.TB
	text     strings.Builder
	failed   bool
	cleanups []func()
}

func newFake(t *testing.T) *fakeT { return &fakeT{TB: t} }

func (f *fakeT) Helper()                  {}
func (f *fakeT) Failed() bool             { return f.failed }
func (f *fakeT) Context() context.Context { return f.TB.Context() }
func (f *fakeT) Cleanup(fn func())        { f.cleanups = append(f.cleanups, fn) }
func (f *fakeT) Log(args ...any)          { fmt.Fprintln(&f.text, args...) }
func (f *fakeT) Logf(format string, args ...any) {
	fmt.Fprintf(&f.text, format+"\n", args...)
}

func (f *fakeT) Error(args ...any) {
	f.Log(args...)
	f.failed = true
}

func (f *fakeT) Errorf(format string, args ...any) {
	f.Logf(format, args...)
	f.failed = true
}

func (f *fakeT) Fatal(args ...any) {
	f.Error(args...)
	panic("fatal")
}

// end does what the end of a test does.
func (f *fakeT) end() {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	f.cleanups = nil
}

// take returns what was printed so far, and forgets it.
func (f *fakeT) take() string {
	defer f.text.Reset()
	return f.text.String()
}

// Package start notes what the environment says when the process starts.
//
// It imports syscall and nothing else. Go initialises packages in the order of
// their paths, each as soon as its imports are. So this one comes before
// package os, and before every package that could change the environment with
// it. Package syscall also hides from the test cache what is read here.
package start

import "syscall"

// The variables that are noted.
const (
	ModeName  = "SAFERUNNER_MODE"
	ForceName = "FORCE_RUN_SIDE_EFFECTS"
	BazelName = "BAZEL_TEST"
)

// Variable is a variable of the environment, as it was.
type Variable struct {
	Text string
	Set  bool
}

// What the process was started with.
var (
	Mode  = note(ModeName)
	Force = note(ForceName)
	Bazel = note(BazelName)
)

func note(name string) Variable {
	text, set := syscall.Getenv(name)
	return Variable{text, set}
}

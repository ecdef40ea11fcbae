package saferunner_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// buildProgram builds a program of testdata, with the race detector if this
// test has it.
func buildProgram(t *testing.T, folder string) string {
	t.Helper()
	args := []string{"build", "-o", filepath.Join(t.TempDir(), "program.exe")}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, folder)...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return args[2]
}

// What only production does, and only the race detector sees.
func TestLiveProgramHasNoRaces(t *testing.T) {
	if _, err := os.ReadFile("testdata/live/main.go"); err != nil { // so that the test cache sees it
		t.Fatal(err)
	}
	program := buildProgram(t, "./testdata/live")
	for _, scenario := range []string{"ctx under middleware", "async then sync", "one key"} {
		t.Run(scenario, func(t *testing.T) {
			command := exec.Command(program, scenario)
			command.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SAFERUNNER_MODE=") })
			if out, err := command.CombinedOutput(); err != nil || string(out) != "ok\n" {
				t.Errorf("%v\n%.4000s", err, out)
			}
		})
	}
}

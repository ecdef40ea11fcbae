package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A program that a test starts records, like the test itself.
func TestRecords(t *testing.T) {
	golden(t, "testdata/record.golden", output(t, os.Environ()))
}

// Without the marker that go test leaves in the environment it executes. Its
// vendors only print.
func TestExecutes(t *testing.T) {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SAFERUNNER_MODE=") })
	lines := strings.Split(output(t, env), "\n")
	slices.Sort(lines) // the CRM's line comes when it comes
	golden(t, "testdata/live.golden", strings.TrimLeft(strings.Join(lines, "\n"), "\n")+"\n")
}

// output builds the command, runs it and returns what it prints.
func output(t *testing.T, env []string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "shop.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	command := exec.Command(program)
	command.Env = env
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant, as in %s:\n%s", got, file, want)
	}
}

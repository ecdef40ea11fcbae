package saferunner_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FORCE_RUN_SIDE_EFFECTS lets all tasks, one or some through in a program
// that a test starts.
func TestForcedByEnvironment(t *testing.T) {
	program := filepath.Join(t.TempDir(), "hello.exe")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/hello").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	tests := map[string]struct {
		force    []string
		executed []string // in alphabetical order: one call is async
		summary  string
		said     string
	}{
		"nothing": {
			summary: "results: [] recorded: [hello do_something_slowly ping]",
		},
		"all": {
			force:    []string{"FORCE_RUN_SIDE_EFFECTS=__all__"},
			executed: []string{"executed: hello world", "executed: ping", "executed: slowly 10"},
			summary:  "results: [pong] recorded: []",
			said:     "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: every task",
		},
		"one": {
			force:    []string{"FORCE_RUN_SIDE_EFFECTS=hello"},
			executed: []string{"executed: hello world"},
			summary:  "results: [] recorded: [do_something_slowly ping]",
			said:     "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: hello",
		},
		"a list": {
			force:    []string{"FORCE_RUN_SIDE_EFFECTS=ping, do_something_slowly"},
			executed: []string{"executed: ping", "executed: slowly 10"},
			summary:  "results: [pong] recorded: [hello]",
			said:     "saferunner: FORCE_RUN_SIDE_EFFECTS lets through in test mode: ping, do_something_slowly",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.Command(program)
			command.Env = append(os.Environ(), tt.force...) // SAFERUNNER_MODE=record is in it
			var stderr strings.Builder
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			slices.Sort(lines)
			if want := append(tt.executed, tt.summary); !slices.Equal(lines, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
			}
			if said := strings.TrimSpace(stderr.String()); said != tt.said {
				t.Errorf("on stderr: %q, want %q", said, tt.said)
			}
		})
	}
}

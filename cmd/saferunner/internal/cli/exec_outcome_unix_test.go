//go:build unix

package cli_test

import (
	"strings"
	"testing"
)

// The exit code of a command is the outcome, although a child of it holds its
// output open until the timeout is over: a success is not tried again, and
// keeps its key.
func TestExitCodeIsTheOutcome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		how, exit  string
		code, runs int
		want, err  string
	}{
		"sync":    {"", "0", 0, 1, "ab done", ""},
		"retried": {"async: true, retry: {max_attempts: 2, initial: 1ms}, ", "0", 0, 1, "ab done", ""},
		"failed":  {"async: true, ", "3", 1, 2, "ab failed", "exit code 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			// The child ends with the test.
			s.write("list.yaml", "run_id: r\ntasks: [{task: ab, key: k, timeout: 4s, "+test.how+
				"exec: [sh, -c, 'touch here; while [ -e here ]; do sleep 0.1; done & echo ran >> f; exit "+test.exit+"']}]")
			s.must(test.code, "run", "list.yaml")
			entries := s.calls("r")
			checkText(t, "calls", statuses(entries), test.want)
			checkText(t, "error", entries[0].ErrorText(), test.err)
			s.write("list.yaml", "run_id: r\ntasks: [{task: ab, key: k, exec: [sh, -c, 'echo ran >> f']}]")
			s.must(0, "run", "list.yaml") // a duplicate after a success
			checkText(t, "what ran", s.read("f"), strings.Repeat("ran\n", test.runs))
		})
	}
}

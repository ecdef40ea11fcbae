//go:build unix

package cli_test

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
)

// A reader of stderr that goes away does not end a run.
func TestStderrClosed(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", `
run_id: r
tasks:
  - {task: first, exec: [sh, -c, "echo up; while [ ! -e go ]; do sleep 0.01; done; echo more; echo more"]}
  - {task: second, exec: [touch, ran]}
`)
	b := s.start("run", "list.yaml")
	b.await("│ up")
	_ = b.stderr.Close()
	s.write("go", "")
	b.end(0)
	checkContains(t, "stdout", b.stdout.String(), "second")
	s.checkCalls("r", "first done, second done")
}

// closedPipe is the end to write to of a pipe that nobody reads.
func closedPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func TestExecStderrClosed(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.set("SAFERUNNER_MODE", "record")
	cmd := s.command("exec", "--run-id", "r", "--task", "ab", "--", "touch", "ran")
	cmd.Stderr = closedPipe(t)
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	s.checkCalls("r", "ab recorded")
}

// Closing stdout is not a failure to talk about.
func TestStdoutClosed(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", "run_id: r\ntasks: [{task: ab, exec: [touch, ran]}]\n")
	cmd := s.command("run", "list.yaml")
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = closedPipe(t), &stderr
	_ = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 141 || strings.Contains(stderr.String(), "saferunner:") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
	s.checkCalls("r", "ab done")
}

// Ctrl-C while the result is printed, after the run, does not change it.
func TestInterruptAfterRun(t *testing.T) {
	t.Parallel()
	s := live(t)
	tasks := strings.Repeat("  - {task: ab, exec: [touch, ran]}\n", 1000) // more than a pipe holds
	s.write("list.yaml", "run_id: r\ntasks:\n"+tasks)
	cmd := s.command("run", "--record", "--json", "list.yaml")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // it prints
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	_, _ = rest.ReadFrom(stdout)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if n := len(s.calls("r")); n != 1000 {
		t.Errorf("the journal has %d calls", n)
	}
}

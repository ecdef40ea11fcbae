//go:build unix

package cli_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// background is the program while it runs.
type background struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr io.Closer
	lines  *bufio.Reader // of stderr
	stdout bytes.Buffer
}

func (s *shell) start(args ...string) *background {
	s.t.Helper()
	b := &background{t: s.t, cmd: s.command(args...)}
	stderr, err := b.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	b.stderr, b.lines, b.cmd.Stdout = stderr, bufio.NewReader(stderr), &b.stdout
	if err := b.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return b
}

// await reads stderr up to a line with this text.
func (b *background) await(text string) {
	b.t.Helper()
	var seen strings.Builder
	for {
		line, err := b.lines.ReadString('\n')
		seen.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			b.t.Fatalf("no line with %q in %s", text, seen.String())
		}
	}
}

func (b *background) signal(sig os.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(sig); err != nil {
		b.t.Fatal(err)
	}
}

// end waits for the program and returns what else it wrote to stderr.
func (b *background) end(code int) string {
	b.t.Helper()
	rest, _ := io.ReadAll(b.lines)
	_ = b.cmd.Wait()
	if got := b.cmd.ProcessState.ExitCode(); got != code {
		b.t.Errorf("exit code %d, want %d; stderr: %s", got, code, rest)
	}
	return string(rest)
}

const slowList = `
run_id: r
tasks:
  - {task: async, exec: [sh, -c, "echo up; sleep 600"], async: true}
  - {task: retried, exec: [sh, -c, "echo up; sleep 600"], async: true, retry: {max_attempts: 9, initial: 1h}}
  - {task: scheduled, exec: [touch, ran], after: 1h}
  - {task: sync, exec: [sh, -c, "echo up; sleep 600"], best_effort: true}
  - {task: never, exec: [touch, ran]}
`

// Ctrl-C stops what runs, lets nothing else begin, and is written down.
func TestInterruptRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		signal syscall.Signal
		code   int
		text   string
	}{
		"SIGINT":  {syscall.SIGINT, 130, "interrupt"},
		"SIGTERM": {syscall.SIGTERM, 143, "SIGTERM"},
		"SIGHUP":  {syscall.SIGHUP, 129, "SIGHUP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			s.write("list.yaml", slowList)
			b := s.start("run", "list.yaml")
			for range 3 {
				b.await("│ up")
			}
			b.signal(test.signal)
			rest := b.end(test.code)
			checkContains(t, "stderr", rest, "\nsaferunner: r: stopped by "+test.text+"; 3 failed, 1 skipped, 1 cancelled\n")
			checkContains(t, "stdout", squeeze(b.stdout.String()), "scheduled cancelled stopped by "+test.text+"\n")
			s.checkCalls("r", "async failed, retried failed, scheduled cancelled, sync failed, never skipped")
			entries := s.calls("r")
			checkText(t, "error", entries[3].ErrorText(), "stopped by "+test.text)
			checkText(t, "what ran", s.read("ran"), "")
		})
	}
}

// A list that stops at the interrupted call skips the rest.
func TestInterruptSkips(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", strings.Replace(slowList, ", best_effort: true", "", 1))
	b := s.start("run", "list.yaml", "--json")
	for range 3 {
		b.await("│ up")
	}
	b.signal(os.Interrupt)
	checkContains(t, "stderr", b.end(130), "saferunner: r: stopped by interrupt; 3 failed, 1 skipped, 1 cancelled\n")
	checkContains(t, "stdout", b.stdout.String(), `"status": "skipped"`, `"status": "cancelled"`)
}

// A second Ctrl-C kills what does not want to stop.
func TestSecondInterruptKills(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.write("list.yaml", `
run_id: r
tasks:
  - {task: stubborn, exec: [sh, -c, "trap 'echo no' TERM; echo up; while :; do sleep 600 & wait; done"]}
`)
	b := s.start("run", "list.yaml")
	b.await("│ up")
	b.signal(os.Interrupt)
	b.await("│ no")
	b.signal(os.Interrupt)
	checkContains(t, "stderr", b.end(130), "saferunner: r: stopped by interrupt; 1 failed\n")
}

// Signals go to the command that exec runs, and its exit code comes back.
func TestExecForwardsSignals(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM,
		syscall.SIGABRT, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGXCPU, syscall.SIGIO,
	} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := live(t)
			b := s.start("exec", "--run-id", "r", "--task", "ab", "--", "sh", "-c",
				"trap 'exit 9' "+strconv.Itoa(int(sig))+"; echo up >&2; while :; do sleep 0.01; done")
			b.await("up")
			b.signal(sig)
			b.end(9)
			s.checkCalls("r", "ab failed")
		})
	}
}

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/cli"
	"github.com/saferunner/saferunner/internal/leaktest"
	"github.com/saferunner/saferunner/journal"
)

// binary is the program under test, built once. The tests run it as a user
// would.
var binary string

// program makes this test binary contain what it builds: else the test cache
// would not notice a change of it.
var program func() int

func TestMain(m *testing.M) {
	program = cli.Main
	heedSignals()
	leaktest.Main(suite{m})
}

// heedSignals lets the programs that the tests start heed signals. Under nohup,
// or in the background of a script, this one ignores some, which its children
// would inherit.
func heedSignals() {
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGHUP, syscall.SIGQUIT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// suite is the tests with what they share.
type suite struct{ m *testing.M }

func (s suite) Run() int {
	dir, err := os.MkdirTemp("", "saferunner")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "saferunner")
	if out, err := exec.Command("go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	code := s.m.Run()
	if err := removeServer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// shell is a place where the program is run: a directory, with a journal of
// its own, and an environment.
type shell struct {
	t     *testing.T
	dir   string
	env   []string
	stdin string
}

// live is a shell whose programs are not in test mode: the marker that this
// test gives to its children is taken out of the environment.
func live(t *testing.T) *shell {
	t.Helper()
	dir := t.TempDir()
	s := &shell{t: t, dir: dir}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch name {
		case "SAFERUNNER_MODE", "FORCE_RUN_SIDE_EFFECTS", "SAFERUNNER_DB", "NO_COLOR":
		default:
			s.env = append(s.env, variable)
		}
	}
	s.set("SAFERUNNER_DB", filepath.Join(dir, "journal.db"))
	return s
}

func (s *shell) set(name, value string) { s.env = append(s.env, name+"="+value) }

// write puts a file into the directory.
func (s *shell) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// read returns a file of the directory, empty if there is none.
func (s *shell) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return string(data)
}

func (s *shell) exists(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, name))
	return err == nil
}

type result struct {
	stdout, stderr string
	code           int
}

// patience is how long a test waits for a program at most: longer than any of
// them takes on a slow machine.
const patience = 2 * time.Minute

func (s *shell) command(args ...string) *exec.Cmd {
	cmd := bounded(s.t, binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, s.env, strings.NewReader(s.stdin)
	return cmd
}

// bounded is a command that ends with its test, and after some time at the
// latest. It is told to stop first, twice, since this program then ends the
// commands that it has started.
func bounded(t *testing.T, name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error {
		time.AfterFunc(cmd.WaitDelay/2, func() { killGroup(cmd.Process.Pid) })
		_ = cmd.Process.Signal(syscall.SIGTERM) // it fails where Interrupt does
		return cmd.Process.Signal(os.Interrupt)
	}
	ownGroup(cmd)
	cmd.WaitDelay = 10 * time.Second
	t.Cleanup(func() {
		cancel()
		if cmd.Process != nil && cmd.ProcessState == nil {
			_ = cmd.Wait()
		}
	})
	return cmd
}

// run runs the program to its end.
func (s *shell) run(args ...string) result {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is run for what has to end with this exit code.
func (s *shell) must(code int, args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != code {
		s.t.Fatalf("saferunner %s: exit code %d, want %d\nstdout: %s\nstderr: %s",
			strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// calls returns what the journal says of a run ID.
func (s *shell) calls(runID string) []journal.Entry {
	s.t.Helper()
	var entries []journal.Entry
	if err := json.Unmarshal([]byte(s.must(0, "calls", runID, "--json").stdout), &entries); err != nil {
		s.t.Fatal(err)
	}
	return entries
}

// statuses shows the statuses of entries, as "task status, …".
func statuses(entries []journal.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Task+" "+string(e.Status))
	}
	return strings.Join(all, ", ")
}

// arguments returns the arguments of an entry, without spaces.
func arguments(t *testing.T, e journal.Entry) string {
	t.Helper()
	var text bytes.Buffer
	if err := json.Compact(&text, e.Args); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func (s *shell) checkCalls(runID, want string) {
	s.t.Helper()
	if got := statuses(s.calls(runID)); got != want {
		s.t.Errorf("calls under %s: %s; want %s", runID, got, want)
	}
}

func checkText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

func checkContains(t *testing.T, what, got string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			t.Errorf("%s does not contain %q:\n%s", what, want, got)
		}
	}
}

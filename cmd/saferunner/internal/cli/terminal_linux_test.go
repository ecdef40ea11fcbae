package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// typed is what a person sees who runs the program on a terminal of 60
// columns; see is called with what has been shown so far, and may type.
func (s *shell) typed(see func(shown string, keyboard io.Writer), args ...string) (shown string, code int) {
	s.t.Helper()
	master, tty := s.openTerminal()
	defer master.Close()
	cmd := s.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	tty.Close()
	var all bytes.Buffer
	buf := make([]byte, 4096)
	for {
		n, err := master.Read(buf)
		all.Write(buf[:n])
		if err != nil { // the program has closed the terminal
			break
		}
		if see != nil {
			see(all.String(), master)
		}
	}
	_ = cmd.Wait()
	return all.String(), cmd.ProcessState.ExitCode()
}

func (s *shell) openTerminal() (master, tty *os.File) {
	s.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		s.t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60}); err != nil {
		s.t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return master, tty
}

const terminalList = `
run_id: r
tasks:
  - {task: good, exec: [echo, printed]}
  - {task: bad, exec: [sh, -c, "echo 'an error that is far longer than the line of a terminal has room' >&2; exit 3"]}
`

// On a terminal the calls are redrawn in place, and the table takes their
// place in the end.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variable      string
		live, colours bool
	}{
		"colours":        {"X=", true, true},
		"NO_COLOR empty": {"NO_COLOR=", true, true},
		"NO_COLOR":       {"NO_COLOR=1", true, false},
		"TERM=dumb":      {"TERM=dumb", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			s.set("TERM", "xterm")
			s.env = append(s.env, test.variable)
			s.write("list.yaml", terminalList)
			shown, code := s.typed(nil, "run", "list.yaml")
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			if got := strings.Contains(shown, "A\r\x1b[J"); got != test.live {
				t.Errorf("redrawn: %v\n%q", got, shown)
			}
			if got := strings.Contains(shown, "\x1b[31m"); got != test.colours {
				t.Errorf("in red: %v\n%q", got, shown)
			}
			if !test.live && strings.Contains(shown, "\x1b") {
				t.Errorf("escape sequences on a dumb terminal: %q", shown)
			}
			table := shown[strings.LastIndex(shown, "STATUS"):]
			checkContains(t, "the table", table, "exit code 3: an error")
			if strings.Contains(table[:strings.Index(table, "saferunner: ")], "has room") {
				t.Errorf("the table is wider than the terminal:\n%s", table)
			}
		})
	}
}

// trapOnce says how often it is interrupted: it goes on for a while after the
// first time.
const trapOnce = `trap 'echo caught; n=1' INT; echo up
until test "$n"; do :; done
while test "$n" -lt 20000; do n=$((n+1)); done
exit 9`

// Ctrl-C that is typed reaches the program, and the command under exec.
func TestTypedInterrupt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		code int
	}{
		"run":  {[]string{"run", "list.yaml"}, 130},
		"exec": {[]string{"exec", "--run-id", "r", "--task", "ab", "--", "sh", "-c", trapOnce}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := live(t)
			s.set("TERM", "xterm")
			s.write("list.yaml", "run_id: r\ntasks:\n  - {task: ab, exec: [sh, -c, 'echo up; sleep 600']}\n")
			sent := false
			shown, code := s.typed(func(shown string, keyboard io.Writer) {
				if !sent && strings.Contains(shown, "up\r\n") {
					sent = true
					fmt.Fprint(keyboard, "\x03")
				}
			}, test.args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d:\n%s", code, test.code, shown)
			}
			if strings.Count(shown, "caught") > 1 {
				t.Errorf("the command got the signal twice:\n%s", shown)
			}
		})
	}
}

package progress

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/screen"
	"github.com/saferunner/saferunner/journal"
)

// Without a terminal there is a line for each call that has ended, and the
// lines that the calls print.
func TestPlain(t *testing.T) {
	var out bytes.Buffer
	p := New(screen.Screen{Writer: &out}, []string{"sms.send", "crm", "slow"})
	p.Begin(0)
	print := p.Output(0)
	fmt.Fprint(print, "one\ntw")
	fmt.Fprint(print, "o\r\n10%\r20%\nrest \x1b[31mred\x1b[2K")
	_ = print.Close()
	_ = print.Close()
	p.End(0, journal.StatusDone, 12*time.Millisecond, "")
	p.Begin(1)
	p.Again(1, errors.New("first"))
	p.Begin(1)
	p.End(1, journal.StatusFailed, 1500*time.Millisecond, "exit code 1:\nboom")
	p.End(1, journal.StatusDone, time.Second, "told too late")
	p.End(2, journal.StatusSkipped, 0, "")
	p.Stop()
	p.Print()
	want := `sms.send │ one
sms.send │ two
sms.send │ 20%
sms.send │ rest red
✓ sms.send  done           12ms
✗ crm       failed         1.5s  exit code 1: boom
– slow      skipped
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestLongLineIsBroken(t *testing.T) {
	var out bytes.Buffer
	p := New(screen.Screen{Writer: &out}, []string{"ab"})
	print := p.Output(0)
	fmt.Fprint(print, strings.Repeat("x", maxLine+1)+"\n")
	if want := "ab │ " + strings.Repeat("x", maxLine) + "\nab │ x\n"; out.String() != want {
		t.Errorf("got %d bytes, want %d", out.Len(), len(want))
	}
}

// On a terminal every call keeps its line, below what the calls print.
func TestTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tty := &terminal{width: 40, height: 24}
		p := New(tty.screen(), []string{"sms.send", "crm", "slow"})
		p.Begin(0)
		print := p.Output(0)
		fmt.Fprintln(print, "hello")
		p.Begin(2)
		time.Sleep(1250 * time.Millisecond)
		tty.check(t, "running", `sms.send │ hello
⠹ sms.send  running        1.2s
· crm       waiting
⠹ slow      running        1.2s
`)
		p.End(0, journal.StatusDone, time.Second, "")
		p.Begin(1)
		p.End(1, journal.StatusFailed, 3*time.Millisecond, "an error that is longer than the line")
		fmt.Fprintln(print, "more")
		tty.check(t, "two ended", `sms.send │ hello
sms.send │ more
✓ sms.send  done             1s
✗ crm       failed          3ms  an er…
⠹ slow      running        1.3s
`)
		p.Stop()
		tty.check(t, "stopped", "sms.send │ hello\nsms.send │ more\n")
		p.End(2, journal.StatusRecorded, 0, "")
		fmt.Fprintln(print, "late")
		p.Print()
		tty.check(t, "printed", `sms.send │ hello
sms.send │ more
sms.send │ late
✓ sms.send  done             1s
✗ crm       failed          3ms  an er…
● slow      recorded
`)
		p.Stop() // a second time does nothing
	})
}

// On a terminal that is too low only the calls that execute have a line.
func TestLowTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tty := &terminal{width: 40, height: 5}
		p := New(tty.screen(), []string{"a1", "a2", "a3", "a4"})
		defer p.Stop()
		p.Begin(0)
		p.End(0, journal.StatusDone, time.Second, "")
		p.Begin(1)
		tty.check(t, "one runs", "⠋ a2  running        <1ms\n1 of 4 calls ended\n")
		p.Begin(2)
		p.Begin(3)
		tty.check(t, "three run", "⠋ a2  running        <1ms\n⠋ a3  running        <1ms\n1 of 4 calls ended\n")
	})
}

func TestConcurrentUse(t *testing.T) {
	tty := &terminal{width: 80, height: 24}
	p := New(tty.screen(), make([]string, 20))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			p.Begin(i)
			print := p.Output(i)
			for range 50 {
				fmt.Fprintln(print, "line")
			}
			p.End(i, journal.StatusDone, time.Second, "")
		})
	}
	group.Wait()
	p.Stop()
	if got := strings.Count(tty.text(), "│ line\n"); got != 20*50 {
		t.Errorf("%d of %d lines left", got, 20*50)
	}
}

// terminal understands as much as Progress uses.
type terminal struct {
	width, height int

	mu    sync.Mutex
	lines []string // complete ones; the cursor is below them
}

func (tty *terminal) screen() screen.Screen {
	return screen.Screen{Writer: tty, Live: true, Size: func() (int, int) { return tty.width, tty.height }}
}

var clearLines = regexp.MustCompile(`^\x1b\[(\d+)A\r\x1b\[J`)

func (tty *terminal) Write(data []byte) (int, error) {
	tty.mu.Lock()
	defer tty.mu.Unlock()
	text := string(data)
	if match := clearLines.FindStringSubmatch(text); match != nil {
		var up int
		_, _ = fmt.Sscan(match[1], &up)
		tty.lines = tty.lines[:len(tty.lines)-up]
		text = text[len(match[0]):]
	}
	for line := range strings.Lines(text) {
		tty.lines = append(tty.lines, strings.TrimRight(line, " \n"))
	}
	return len(data), nil
}

func (tty *terminal) text() string {
	tty.mu.Lock()
	defer tty.mu.Unlock()
	return strings.Join(tty.lines, "\n") + "\n"
}

func (tty *terminal) check(t *testing.T, when, want string) {
	t.Helper()
	synctest.Wait()
	if got := tty.text(); got != want {
		t.Errorf("%s:\n%swant\n%s", when, got, want)
	}
	for line := range strings.Lines(tty.text()) {
		if columns := screen.Columns(strings.TrimSuffix(line, "\n")); columns >= tty.width {
			t.Errorf("%s: a line of %d columns on a terminal of %d: %q", when, columns, tty.width, line)
		}
	}
}

//go:build unix

package effect

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func sh(script string, args ...string) Step {
	return Step{Exec: append([]string{"sh", "-c", script, "sh"}, args...)}
}

func TestExec(t *testing.T) {
	t.Setenv("EFFECT_A", "from the environment")
	var stdout, stderr bytes.Buffer
	var p Processes
	step := sh(`echo "$1|$2|$3"; echo to stderr >&2; read line || echo no stdin`, "${EFFECT_A}", "$$x $y", "")
	if err := p.Do(t.Context(), step, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got, want := stdout.String(), "from the environment|$x $y|\nno stdin\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if got := stderr.String(); got != "to stderr\n" {
		t.Errorf("stderr %q", got)
	}
}

const testKey = "-----BEGIN KEY-----\nAAAABBBB\r\nCCCCDDDD\n"

func TestExecErrors(t *testing.T) {
	t.Setenv("EFFECT_TOKEN", "s3cret")
	t.Setenv("EFFECT_SHORT", "abc")
	t.Setenv("EFFECT_KEY", testKey)
	t.Setenv("EFFECT_LONG", strings.Repeat("l", tailSize-3))
	for name, test := range map[string]struct {
		step Step
		want string
	}{
		"exit code":           {sh("exit 3"), "exit code 3"},
		"last line of stderr": {sh("echo a >&2; printf 'the  end\\n\\n \\n' >&2; exit 1"), "exit code 1: the  end"},
		"stdout is not meant": {sh("echo a; exit 1"), "exit code 1"},
		"signal":              {sh("kill -9 $$$$"), "signal: killed"},
		"not found":           {Step{Exec: []string{"no-such-command-${EFFECT_TOKEN}"}}, "cannot start no-such-command-${EFFECT_TOKEN}: executable file not found in $PATH"},
		"not executable":      {Step{Exec: []string{t.TempDir()}}, ": permission denied"},
		"masked":              {sh("echo bad token $1, $2 >&2; exit 1", "${EFFECT_TOKEN}", "${EFFECT_SHORT}"), "exit code 1: bad token ${EFFECT_TOKEN}, abc"},
		"long line":           {sh("printf '%0300d\\n' 1 >&2; exit 1"), "exit code 1: " + strings.Repeat("0", 200) + "…"},
		"key":                 {sh("printf '%s' \"$1\" >&2; exit 1", "${EFFECT_KEY}"), "exit code 1: ${EFFECT_KEY}"},
		"line of a key":       {sh("echo bad key: CCCCDDDD >&2; exit 1", "${EFFECT_KEY}"), "exit code 1: bad key: ${EFFECT_KEY}"},
		"cut line":            {sh("printf '%s%065533d' $1 0 >&2; exit 1", "${EFFECT_TOKEN}"), "exit code 1: ${EFFECT_TOKEN}" + strings.Repeat("0", 185) + "…"},
		"longer lines":        {sh("printf 'x%0300000d\n\ny%0300000d\n \n' 1 1 >&2; exit 1"), "exit code 1: y" + strings.Repeat("0", 199) + "…"},
		"half a secret":       {sh("printf '%s%s0' $1 $2 >&2; exit 1", "${EFFECT_LONG}", "${EFFECT_TOKEN}"), "exit code 1: ${EFFECT_LONG}"},
		"JSON":                {sh("printf 'a\n{\n}\n{\n  \"error\": \"bad  %s\",\n  \"at\": [\n 1\n]\n}\n' $1 >&2; exit 1", "${EFFECT_TOKEN}"), `exit code 1: {"error":"bad  ${EFFECT_TOKEN}","at":[1]}`},
		"no JSON":             {sh("printf '{\n  a\n}\n' >&2; exit 1"), "exit code 1: }"},
		"a bracket":           {sh("printf 'end\n}\n' >&2; exit 1"), "exit code 1: }"},
		"after a cut line":    {sh("printf '%s%065533d\n%s' $1 0 end >&2; exit 1", "${EFFECT_TOKEN}"), "exit code 1: end"},
		"unset":               {sh("true", "${EFFECT_NONE}"), "${EFFECT_NONE} is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Processes
			err := p.Do(t.Context(), test.step, &bytes.Buffer{}, &bytes.Buffer{})
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
	var p Processes
	err := p.Do(t.Context(), sh("exit 3"), &bytes.Buffer{}, &bytes.Buffer{})
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 {
		t.Errorf("%v does not wrap the error of the command", err)
	}
}

// A command sees the mode, and never the force.
func TestChildEnviron(t *testing.T) {
	t.Setenv("SAFERUNNER_MODE", "record")
	t.Setenv("FORCE_RUN_SIDE_EFFECTS", "__all__")
	var out bytes.Buffer
	var p Processes
	if err := p.Do(t.Context(), sh(`echo "$SAFERUNNER_MODE|$${FORCE_RUN_SIDE_EFFECTS-unset}"`), &out, &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != "record|unset\n" {
		t.Errorf("the command saw %q", out.String())
	}
}

// When ctx ends the command ends, together with what it started.
func TestExecStops(t *testing.T) {
	for name, test := range map[string]struct {
		limit func(context.Context) (context.Context, context.CancelFunc)
		want  string
	}{
		"timeout": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 50*time.Millisecond)
		}, "timed out after "},
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("interrupted")) })
			return ctx, func() {}
		}, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := test.limit(t.Context())
			defer cancel()
			left := filepath.Join(t.TempDir(), "left")
			var p Processes
			err := p.Do(ctx, sh(`(sleep 600; touch "$1") & sleep 600`, left), &bytes.Buffer{}, &bytes.Buffer{})
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if cause := context.Cause(ctx); !errors.Is(err, cause) {
				t.Errorf("%v does not wrap %v", err, cause)
			}
		})
	}
}

// limited is a ctx for what should end long before.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestKill(t *testing.T) {
	var p Processes
	started := make(chan struct{})
	go func() {
		<-started
		p.Kill()
	}()
	err := p.Do(limited(t), sh(`trap '' TERM INT; echo; sleep 600`), writerFunc(func() { close(started) }), &bytes.Buffer{})
	if err == nil || err.Error() != "signal: killed" {
		t.Errorf("error %v", err)
	}
}

type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

func TestStepString(t *testing.T) {
	for want, step := range map[string]Step{
		`sh -c 'echo "it'\''s" $x' ''`: {Exec: []string{"sh", "-c", `echo "it's" $x`, ""}},
		"POST https://a/${X}":          {HTTP: &Request{Method: "POST", URL: "https://a/${X}"}},
	} {
		if got := step.String(); got != want {
			t.Errorf("String: %s, want %s", got, want)
		}
	}
}

// What a command has started does not outlive its end, even if it does not
// want to stop.
func TestExecKillsWhatIsLeft(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		var p Processes
		step := sh(`(trap "" TERM; echo up; exec sleep 600) >"$1" 2>&1 & sleep 600`, pipe)
		ended <- p.Do(ctx, step, &bytes.Buffer{}, &bytes.Buffer{})
	}()
	late := time.AfterFunc(time.Minute, func() { // no writer has come: the reader sees an end
		if writer, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = writer.Close()
		}
	})
	defer late.Stop()
	reader, err := os.Open(pipe) // waits for the writer
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := io.ReadFull(reader, make([]byte, len("up\n"))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	_ = reader.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(reader); err != nil {
		t.Errorf("what the command started is still there: %v", err)
	}
}

package effect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// Grace is how long a command that was told to stop may take before it is
// killed, and how long one that has ended may leave its output open.
const Grace = 5 * time.Second

// Processes are the commands that run now. The zero value is ready, and safe
// for concurrent use.
type Processes struct {
	mu      sync.Mutex
	running map[*exec.Cmd]bool
}

// Kill kills the running commands and what they started, at once.
func (p *Processes) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cmd := range p.running {
		_ = killGroup(cmd.Process) // it may have ended meanwhile
	}
}

// run executes a command without stdin, in a process group of its own. When
// ctx ends the group is told to stop, and killed after a grace period. Once
// the command has ended, its exit code is the outcome: ctx no longer counts,
// nor what becomes of output that a child of it holds open.
func (p *Processes) run(ctx context.Context, argv []string, secrets secrets, stdout, stderr io.Writer) error {
	args, err := expandAll(argv, secrets)
	if err != nil {
		return err
	}
	var last tail
	told := false // to stop, while it ran; Wait returns after this was written
	build := func(argv []string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Env = ChildEnviron()
		cmd.Stdout, cmd.Stderr = stdout, io.MultiWriter(stderr, &last)
		cmd.WaitDelay = Grace
		cmd.Cancel = func() error {
			err := stopGroup(cmd.Process)
			told = err == nil
			return err
		}
		ownGroup(cmd)
		return cmd
	}
	started := time.Now()
	cmd, err := start(args, build, p.start)
	if err != nil {
		return startError(argv[0], err)
	}
	err = cmd.Wait()
	p.ended(cmd)
	switch {
	case told:
		_ = killGroup(cmd.Process) // what it started may have outlived it
		return stopped(ctx, started)
	case cmd.ProcessState != nil && cmd.ProcessState.Success():
		return nil
	default:
		return exitError(err, truncate(last.lastLine(secrets)))
	}
}

func (p *Processes) start(cmd *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	if p.running == nil {
		p.running = map[*exec.Cmd]bool{}
	}
	p.running[cmd] = true
	return nil
}

func (p *Processes) ended(cmd *exec.Cmd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, cmd)
}

// ChildEnviron is this process's environment for a command that it starts,
// which inherits the mode, and never the force.
func ChildEnviron() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FORCE_RUN_SIDE_EFFECTS=") {
			env = append(env, variable)
		}
	}
	return env
}

func expandAll(texts []string, secrets secrets) ([]string, error) {
	expanded := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if expanded[i], err = vars.Expand(text, secrets.lookup); err != nil {
			return nil, err
		}
	}
	return expanded, nil
}

// startError says why the command named name could not be started.
func startError(name string, err error) error {
	cause := err
	if notFound, ok := errors.AsType[*exec.Error](err); ok {
		cause = notFound.Err
	} else if path, ok := errors.AsType[*fs.PathError](err); ok {
		cause = path.Err
	}
	return &textError{fmt.Sprintf("cannot start %s: %v", name, cause), err}
}

// stopped is the error of what ctx put an end to.
func stopped(ctx context.Context, started time.Time) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return &textError{"timed out after " + timeout(ctx, started).String(), cause}
	}
	return cause
}

// timeout is what was left of the timeout at the start: all of it, but for what
// the beginning of the attempt takes, which is rounded away.
func timeout(ctx context.Context, started time.Time) time.Duration {
	deadline, ok := ctx.Deadline()
	switch left := deadline.Sub(started); {
	case !ok:
		return time.Since(started).Round(time.Millisecond)
	case left < time.Second/2:
		return left.Round(time.Millisecond)
	default:
		return left.Round(10 * time.Millisecond)
	}
}

// exitError is the error of a command that has ended, with its last words.
func exitError(err error, last string) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	text := exit.String() // "signal: killed"
	if code := exit.ExitCode(); code >= 0 {
		text = fmt.Sprintf("exit code %d", code)
	}
	if last != "" {
		text += ": " + last
	}
	return &textError{text, err}
}

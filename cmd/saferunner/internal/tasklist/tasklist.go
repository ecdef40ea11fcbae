// Package tasklist reads the files that the command line runs: a run ID and
// a list of tasks, in YAML or JSON. A file is checked as a whole before any
// of it can run.
package tasklist

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// List is a file that is fit to run.
type List struct {
	RunID string
	Tasks []Task
}

// Task is one call of a List.
type Task struct {
	Name       string
	Step       effect.Step
	Async      bool
	Timeout    time.Duration // 0: none
	BestEffort bool
	After      time.Duration // 0: at once
	Key        string        // empty: none
	Retry      Retry         // the zero value: none
}

// Retry says how often an async task is attempted, and how long to wait in
// between. A zero duration leaves it to the library.
type Retry struct {
	MaxAttempts  int
	Initial, Max time.Duration
}

// Names returns the names of the tasks, in order, each once.
func (l *List) Names() []string {
	var names []string
	seen := map[string]bool{}
	for _, task := range l.Tasks {
		if !seen[task.Name] {
			seen[task.Name] = true
			names = append(names, task.Name)
		}
	}
	return names
}

// Error says what is wrong with a file, where, and what to do.
type Error struct {
	File         string
	Line, Column int
	Text         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}

// maxSize limits a file: one larger than this is not written by hand.
const maxSize = 1 << 20

// Purpose is what a file is read for: it says which variables must be set.
type Purpose int

// The purposes.
const (
	Execute Purpose = iota // here: all of them
	Queue                  // those of async tasks are looked up by the worker that executes them
	Work                   // the calls were queued elsewhere: none; those of --var stand as they are
)

// Load reads the file at path, or standard input if that is -. Variables in it are filled in from given, and
// must otherwise be set in the environment, where execution finds them,
// unless the purpose says other. It fails with an *[Error], or that of the
// file system.
func Load(path string, purpose Purpose, given map[string]string, environment vars.Lookup) (*List, error) {
	name, data, err := read(path)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("cannot read %s: %w", name, failed.Err)
	}
	if err != nil {
		return nil, err
	}
	return Parse(name, data, purpose, given, environment)
}

// read returns what is at path, as far as [Parse] looks at it, and its name
// in errors.
func read(path string) (name string, data []byte, err error) {
	name, file := "stdin", os.Stdin
	if path != "-" {
		name = path
		if file, err = os.Open(path); err != nil {
			return name, nil, err
		}
		defer func() { _ = file.Close() }() // nothing was written
	}
	data, err = io.ReadAll(io.LimitReader(file, maxSize+1))
	return name, data, err
}

// Parse is [Load] for a file that has been read; name is for the errors.
func Parse(name string, data []byte, purpose Purpose, given map[string]string, environment vars.Lookup) (*List, error) {
	f := &file{name: name, purpose: purpose, given: given, environment: environment, elsewhere: purpose == Work}
	root, err := f.parse(data)
	if err != nil {
		return nil, err
	}
	return f.list(root)
}

package saferunnertest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// artifacts are the files with what is too long for a failure text, in the
// folder that the test has for them.
type artifacts struct {
	t testing.TB

	mu    sync.Mutex
	count int
}

// pair writes the two sides of a difference, and returns the names of the files.
func (a *artifacts) pair(want, got []byte) string {
	n := a.next()
	return a.write(n, "want", want) + " and " + a.write(n, "got", got)
}

// one writes a file with this ending, and returns its name.
func (a *artifacts) one(ending, content string) string {
	return a.write(a.next(), ending, []byte(content))
}

func (a *artifacts) next() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	return a.count
}

func (a *artifacts) write(n int, ending string, content []byte) string {
	name := fmt.Sprintf("saferunner-%d.%s", n, ending)
	if err := os.WriteFile(filepath.Join(a.t.ArtifactDir(), name), content, 0o600); err != nil {
		return fmt.Sprintf("no file (%v)", err)
	}
	return name
}

// written returns how many times something was written.
func (a *artifacts) written() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// where says where the files are that were written after so many others.
func (a *artifacts) where(before int) string {
	if a.written() == before {
		return ""
	}
	text := "\nFiles are in " + a.t.ArtifactDir() + "\n"
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		text += "until the test ends; go test -artifacts keeps them.\n"
	}
	return text
}

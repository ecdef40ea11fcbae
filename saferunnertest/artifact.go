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

// pair writes the two sides of a difference, and says where they are.
func (a *artifacts) pair(want, got []byte) string {
	return a.write([]string{"want", "got"}, want, got)
}

// one writes a file with this ending, and says where it is.
func (a *artifacts) one(ending, content string) string {
	return a.write([]string{ending}, []byte(content))
}

func (a *artifacts) write(endings []string, contents ...[]byte) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	where := ""
	for i, ending := range endings {
		path := filepath.Join(a.t.ArtifactDir(), fmt.Sprintf("saferunner-%d.%s", a.count, ending))
		if err := os.WriteFile(path, contents[i], 0o600); err != nil {
			return fmt.Sprintf("no file: %v", err)
		}
		if i > 0 {
			where += " and ." + ending
			continue
		}
		where = path
	}
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		where += " (to keep them: go test -artifacts)"
	}
	return where
}

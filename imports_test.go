package saferunner_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the packages of the root's module, from below: each may import
// those of layers before its own. What is not listed is a leaf.
var layers = [][]string{
	{"internal/message"},
	{"internal/jsonfields", "internal/payload", "internal/snapshot", "internal/redact", "internal/roundtrip", "internal/goliteral", "internal/entryid", "journal"},
	{"engine", "internal/liveness"},
	{"internal/record"},
	{"internal/memory", "internal/inprocess", "internal/door"},
	{"."},
	{"saferunnertest"},
	{"journal/journaltest", "journal/sqljournal", "engine/enginetest"},
}

// siblings are imports within a layer.
var siblings = map[string][]string{
	"internal/redact":    {"internal/jsonfields", "internal/payload", "internal/snapshot"},
	"internal/roundtrip": {"internal/jsonfields", "internal/payload", "internal/redact", "internal/snapshot"},
	"internal/goliteral": {"internal/jsonfields", "internal/redact", "internal/snapshot"},
	"internal/payload":   {"internal/jsonfields"},
}

const module = "github.com/saferunner/saferunner"

// Imports run one way.
func TestImportsRunOneWay(t *testing.T) {
	rank := map[string]int{}
	for i, layer := range layers {
		for _, folder := range layer {
			rank[folder] = i + 1
		}
	}
	for folder, imports := range folders(t) {
		for _, path := range imports {
			imported := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
			if imported == "" {
				imported = "."
			}
			if rank[imported] >= rank[folder] && rank[imported] > 0 && !slices.Contains(siblings[folder], imported) {
				t.Errorf("%s imports %s, which is not below it", folder, imported)
			}
			if folder == "journal" || folder == "engine" && imported != "journal" {
				t.Errorf("%s imports %s", folder, imported)
			}
		}
	}
}

// folders returns what each package of the module imports of it, outside of
// tests.
func folders(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != "." || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != "." {
			return filepath.SkipDir
		}
		names, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, spec := range parsed(t, path)[name].Imports {
				if own, _ := strconv.Unquote(spec.Path.Value); own == module || strings.HasPrefix(own, module+"/") {
					all[path] = append(all[path], own)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found %d packages", len(all))
	}
	return all
}

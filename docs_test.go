package saferunner_test

import (
	"bufio"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a page.
type block struct {
	page     string
	line     int
	language string
	text     string
}

// Go in the documentation is Go that the compiler or a test has seen, and
// output is what a test has seen printed.
func TestBlocksAreExcerpts(t *testing.T) {
	sources := sources(t)
	kinds := map[string]int{}
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			kinds[b.language]++
			switch b.language {
			case "":
				t.Errorf("%s:%d: a block without a language", b.page, b.line)
			case "go":
				if !contains(sources[".go"], words(b.text)) {
					t.Errorf("%s:%d: this Go is in no .go file that is compiled:\n%s", b.page, b.line, b.text)
				}
			case "output":
				if !contains(sources[".golden"], b.text) {
					t.Errorf("%s:%d: this output is in no golden file:\n%s", b.page, b.line, b.text)
				}
			}
		}
	}
	if kinds["go"] < 20 || kinds["output"] < 2 {
		t.Errorf("found only %v", kinds)
	}
}

// The same holds for the code in the manuals of packages, which their doc.go
// is. It is looked for in the other files.
func TestManualsAreExcerpts(t *testing.T) {
	sources := sources(t)[".go"]
	for file, least := range map[string]int{"doc.go": 10, "journal/doc.go": 1, "saferunnertest/doc.go": 3} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, part := range new(comment.Parser).Parse(f.Doc.Text()).Content {
			code, ok := part.(*comment.Code)
			if !ok || strings.HasPrefix(code.Text, "go ") || strings.HasPrefix(code.Text, "SAFERUNNER") {
				continue
			}
			found++
			if !contains(sources, words(code.Text)) {
				t.Errorf("%s: this Go is in no other .go file that is compiled:\n%s", file, code.Text)
			}
		}
		if found < least {
			t.Errorf("%s has %d pieces of code, want %d at least", file, found, least)
		}
	}
}

func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(prose(t, page), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
			if target == "" {
				file = page
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, match[1])
			} else if anchor != "" && !anchors(t, file)[anchor] {
				t.Errorf("%s: %s has no heading #%s", page, file, anchor)
			}
		}
	}
}

// TestFirstCommandsStartTheirLines holds what a reader types first.
func TestFirstCommandsStartTheirLines(t *testing.T) {
	want := map[string]bool{"go run ./cmd/saferunner run examples/welcome/welcome.yaml": false, "go test -race work": false}
	for _, b := range blocks(t, "README.md") {
		for line := range strings.Lines(b.text) {
			if line = strings.TrimSpace(line); b.language == "sh" && line != "" {
				if _, ok := want[line]; ok {
					want[line] = true
				}
			}
		}
	}
	for command, found := range want {
		if !found {
			t.Errorf("README.md does not say: %s", command)
		}
	}
	if _, err := os.Stat("examples/welcome/welcome.yaml"); err != nil {
		t.Error(err)
	}
}

// The page that says which file does what leaves none out, and invents none.
func TestArchitectureNamesTheFiles(t *testing.T) {
	page := read(t, "docs/architecture.md")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") && !strings.Contains(page, "`"+file+"`") {
			t.Errorf("docs/architecture.md does not say what %s is for", file)
		}
	}
	for _, match := range regexp.MustCompile("`([a-z/]+\\.go)`").FindAllStringSubmatch(page, -1) {
		if _, err := os.Stat(match[1]); err != nil {
			t.Errorf("docs/architecture.md names %s, which does not exist", match[1])
		}
	}
}

func pages(t *testing.T) []string {
	t.Helper()
	guides, err := filepath.Glob("docs/*.md")
	if err != nil || len(guides) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	return append([]string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}, guides...)
}

// sources are all files of two kinds, by extension. Of Go there is what is
// compiled, and neither in a folder called testdata nor the manual of a
// package.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); len(name) > 1 && name[0] == '.' {
				return filepath.SkipDir
			}
			return nil
		}
		inner := strings.Contains(filepath.ToSlash(path), "/testdata/")
		switch extension := filepath.Ext(path); {
		case extension == ".go" && !inner && d.Name() != "doc.go":
			found[extension] = append(found[extension], words(read(t, path)))
		case extension == ".golden":
			found[extension] = append(found[extension], read(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func contains(texts []string, part string) bool {
	for _, text := range texts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// words is text with its white space normalised.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// blocks returns the fenced blocks of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	var all []block
	var open *block
	lines := bufio.NewScanner(strings.NewReader(read(t, page)))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && open == nil:
			open = &block{page: page, line: n, language: language}
		case fence:
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Errorf("%s:%d: this block has no end", page, open.line)
	}
	return all
}

// prose is a page without its fenced blocks.
func prose(t *testing.T, page string) string {
	t.Helper()
	text := read(t, page)
	for _, b := range blocks(t, page) {
		text = strings.Replace(text, b.text, "", 1)
	}
	return text
}

// anchors returns the names that a page's headings have in links.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	drop := regexp.MustCompile(`[^a-z0-9 _-]`)
	all := map[string]bool{}
	for line := range strings.Lines(prose(t, page)) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			name := drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			all[strings.ReplaceAll(name, " ", "-")] = true
		}
	}
	return all
}

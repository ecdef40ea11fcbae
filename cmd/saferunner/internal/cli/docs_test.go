package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/tasklist"
)

// block is a fenced block of a page: what stands after the fence, and its
// text.
type block struct{ kind, text string }

var fences = regexp.MustCompile("(?ms)^```(\\w[^\n]*)\n(.*?)^```$")

func blocks(t *testing.T, path string) []block {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, match := range fences.FindAllStringSubmatch(string(page), -1) {
		all = append(all, block{match[1], match[2]})
	}
	return all
}

// Every list in docs/cli.md is one, and every command prints what the page
// says, but for times.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := live(t)
	s.set("CRM_TOKEN", "t0ken")
	s.set("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+getenv(t, "PATH"))
	var consoles []string
	for _, b := range blocks(t, "../../../../docs/cli.md") {
		switch b.kind {
		case "yaml", "json", "yaml bad":
			_, err := tasklist.Parse("list", []byte(b.text), map[string]string{"ORDER": "42"}, func(string) (string, bool) { return "x", true })
			if bad := b.kind == "yaml bad"; bad != (err != nil) {
				t.Errorf("a list of the page: error %v:\n%s", err, b.text)
			}
			if name, ok := strings.CutPrefix(strings.SplitN(b.text, "\n", 2)[0], "# "); ok {
				s.write(name, b.text)
			}
		case "console":
			consoles = append(consoles, b.text)
		case "sh": // how to install
		default:
			t.Errorf("a block that is not tested: %s", b.kind)
		}
	}
	if len(consoles) < 4 {
		t.Fatalf("only %d blocks of commands", len(consoles))
	}
	for _, console := range consoles {
		checkText(t, "console", comparable(s.replay(console)), comparable(console))
	}
}

// replay runs the commands of a block and returns it with what they print.
func (s *shell) replay(console string) string {
	s.t.Helper()
	var out strings.Builder
	for line := range strings.Lines(console) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		cmd := exec.Command("sh", "-c", strings.TrimSpace(command))
		cmd.Dir, cmd.Env = s.dir, s.env
		printed, _ := cmd.CombinedOutput()
		out.WriteString(line + string(printed))
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			out.WriteString("[exit code " + strconv.Itoa(code) + "]\n")
		}
	}
	return out.String()
}

var dates = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)

// comparable takes out of a text what is different each time it is printed.
func comparable(text string) string {
	return squeeze(dates.ReplaceAllString(timeless(text), "DATE"))
}

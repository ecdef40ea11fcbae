package cli_test

import (
	"bufio"
	"os"
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

// Every list in these pages is one, and every command prints what the page
// says, but for times.
func TestDocs(t *testing.T) {
	t.Parallel()
	for page, least := range map[string]int{"cli.md": 5, "durable.md": 1} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			checkPage(t, "../../../../docs/"+page, least)
		})
	}
}

// checkPage checks a page with so many blocks of commands at least.
func checkPage(t *testing.T, path string, least int) {
	s := live(t)
	s.set("SAFERUNNER_DB", "journal.db")
	s.set("CRM_TOKEN", "t0ken")
	s.set("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+getenv(t, "PATH"))
	var consoles []string
	for _, b := range blocks(t, path) {
		switch b.kind {
		case "yaml", "json", "yaml bad":
			_, err := tasklist.Parse("list", []byte(b.text), tasklist.Execute, map[string]string{"ORDER": "42"}, func(string) (string, bool) { return "x", true })
			if bad := b.kind == "yaml bad"; bad != (err != nil) {
				t.Errorf("a list of the page: error %v:\n%s", err, b.text)
			}
			if name, ok := strings.CutPrefix(strings.SplitN(b.text, "\n", 2)[0], "# "); ok {
				s.write(name, b.text)
			}
		case "console":
			consoles = append(consoles, b.text)
		case "sh", "go", "sql": // how to install; what the tests of the library look at; see TestDocsQueries
		default:
			t.Errorf("a block that is not tested: %s", b.kind)
		}
	}
	if len(consoles) < least {
		t.Fatalf("only %d blocks of commands", len(consoles))
	}
	for _, console := range consoles {
		checkText(t, "console", comparable(s.replay(console)), comparable(console))
	}
}

// Every query in the page on durable calls is one for Postgres. The rights that it
// grants are tested where there is a role for them, in riverengine.
func TestDocsQueries(t *testing.T) {
	t.Parallel()
	s, url := live(t), testDatabase(t)
	s.set("SAFERUNNER_DB", url)
	s.must(0, "migrate")
	queries := 0
	for _, b := range blocks(t, "../../../../docs/durable.md") {
		if b.kind == "sql" && !strings.Contains(b.text, "GRANT") {
			execute(t, url, b.text)
			queries++
		}
	}
	if queries == 0 {
		t.Error("the page has no query")
	}
}

// replay runs the commands of a block and returns it with what they print.
func (s *shell) replay(console string) string {
	s.t.Helper()
	var out strings.Builder
	for command := range strings.SplitSeq(console, "$ ") {
		command, printed, _ := strings.Cut(command, "\n")
		if command == "" {
			continue
		}
		until, _, interrupted := strings.Cut(printed, "^C\n")
		if !interrupted {
			until = ""
		}
		out.WriteString("$ " + command + "\n" + s.shell(command, strings.Count(until, "\n")))
	}
	return out.String()
}

// shell runs a command, which is interrupted once it has printed so many
// lines, if any.
func (s *shell) shell(command string, lines int) string {
	s.t.Helper()
	if lines > 0 {
		command = "exec env " + command // it gets the signal, and not the shell
	}
	cmd := bounded(s.t, "sh", "-c", command)
	cmd.Dir, cmd.Env = s.dir, s.env
	printed, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	var out strings.Builder
	reader := bufio.NewReader(printed)
	for n := 1; n <= lines; n++ {
		line, _ := reader.ReadString('\n')
		out.WriteString(line)
		if n == lines {
			out.WriteString("^C\n")
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		}
	}
	_, _ = reader.WriteTo(&out)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		out.WriteString("[exit code " + strconv.Itoa(code) + "]\n")
	}
	return out.String()
}

var dates = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`)

// comparable takes out of a text what is different each time it is printed.
func comparable(text string) string {
	return squeeze(dates.ReplaceAllString(timeless(text), "DATE"))
}

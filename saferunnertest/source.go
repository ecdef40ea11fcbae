package saferunnertest

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
	"unicode"

	"github.com/saferunner/saferunner/internal/callsite"
	"github.com/saferunner/saferunner/internal/goliteral"
	"github.com/saferunner/saferunner/internal/recorder"
)

// callSource writes a call as it would stand in the source of package pkg.
func callSource(c recorder.Call, pkg string) string {
	var b strings.Builder
	args := reflect.ValueOf(c.Args.Pointer()).Elem()
	fmt.Fprintf(&b, "%s.With(%s)", taskSource(c, pkg), goliteral.Value(args, pkg))
	switch {
	case c.When.After != 0:
		fmt.Fprintf(&b, ".After(%s)", goliteral.Value(reflect.ValueOf(c.When.After), pkg))
	case !c.When.At.IsZero():
		fmt.Fprintf(&b, ".At(%s)", goliteral.Value(reflect.ValueOf(c.When.At), pkg))
	case c.Async:
		b.WriteString(".Async()")
	}
	if c.Key != "" {
		fmt.Fprintf(&b, ".Key(%q)", c.Key)
	}
	if c.BestEffort {
		b.WriteString(".BestEffort()")
	}
	return b.String()
}

// definedAs finds the name that a line of source gives to a task.
var definedAs = regexp.MustCompile(`^\s*(?:var\s+)?([A-Za-z_][\w.]*)(?:\s+[^=:]+)?\s*:?=\s*(?:\w+\.)?Define(?:Result)?\b`)

// taskSource is the name of the variable that the task was assigned to,
// read from the source where it was defined, else a guess by its name.
func taskSource(c recorder.Call, pkg string) string {
	name := ""
	if match := definedAs.FindStringSubmatch(sourceLine(callsite.Position(c.Defined))); match != nil {
		name = match[1]
	}
	if name == "" {
		name = exportedName(c.Task)
	}
	home := callsite.Package(c.Defined)
	if home == "" || home == pkg || strings.Contains(name, ".") {
		return name
	}
	return path.Base(home) + "." + name
}

func sourceLine(file string, line int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); line-- {
		if line == 1 {
			return lines.Text()
		}
	}
	return ""
}

// exportedName makes SmsSend of sms.send.
func exportedName(task string) string {
	var b strings.Builder
	upper := true
	for _, r := range task {
		switch {
		case strings.ContainsRune("._-/", r):
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

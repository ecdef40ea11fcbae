package saferunnertest

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/saferunner/saferunner/internal/goliteral"
	"github.com/saferunner/saferunner/internal/gosource"
	"github.com/saferunner/saferunner/internal/snapshot"
)

// maxPaste bounds the assertion that a failure shows.
const maxPaste = 12 << 10

// assertion is the one that failed.
type assertion struct {
	method, runID string
	at            place
	want          []call // of Assert
}

// pasteText is the assertion that would have held, or why there is none to paste.
func (r *Recorder) pasteText(a assertion, got []call) string {
	if len(got) == 0 && r.waitingText() != "" {
		return noPaste("lists wait for a transaction, and are recorded with its end")
	}
	if len(got) == 0 && len(r.calls("")) > 0 {
		return noPaste("an assertion of nothing would hold for every run ID that is misspelt")
	}
	p, err := newPaste(a)
	if err != nil {
		return noPaste(err.Error())
	}
	source := p.assertion(a.runID, got)
	switch {
	case len(p.losses) > 0:
		return noPaste(strings.Join(p.losses, "; "))
	case len(source) > maxPaste:
		return fmt.Sprintf("\nThe assertion to paste is %d KB long. It is in %s.\n%s", len(source)>>10, r.files.one("go.txt", source), p.imports())
	}
	text := "\nIf this is right, assert it with\n\n\t" + strings.ReplaceAll(source, "\n", "\n\t") + "\n" + p.imports()
	if len(p.secrets) > 0 {
		text += "\nwith the real values of redacted fields, which are not shown: " + strings.Join(p.secrets, ", ") + ".\n"
	}
	return text
}

func noPaste(reason string) string {
	return "\nThere is no assertion to paste: " + cut(reason, maxDifference) + ".\n"
}

// paste is an assertion in the making.
type paste struct {
	file     *gosource.File // in which it will stand
	call     *gosource.Call // which it will replace
	at       place
	writer   goliteral.Writer
	names    map[taskID]string         // of tasks in the assertion that failed
	sources  map[string]*gosource.File // by path
	losses   []string                  // why it cannot be pasted
	secrets  []string                  // fields that are to be filled in
	problems map[string]error          // of sources that could not be read
}

// taskID tells tasks apart: their name may be shared.
type taskID struct {
	name    string
	defined place
}

func newPaste(a assertion) (*paste, error) {
	file, err := gosource.Read(a.at.file)
	if err != nil {
		return nil, fmt.Errorf("the source of the test is not at hand (%w)", err)
	}
	c, ok := file.Method(a.at.line, a.method)
	if !ok {
		return nil, fmt.Errorf("the call of %s is not found on line %d of its source", a.method, a.at.line)
	}
	p := &paste{file: file, call: c, at: a.at, names: map[taskID]string{}, sources: map[string]*gosource.File{a.at.file: file}}
	p.writer = goliteral.Writer{
		File:  goliteral.File{Package: a.at.pkg, Imports: file.Imports, Meaning: p.meaning},
		Equal: func(a, b reflect.Value) bool { return snapshot.PlanOf(a.Type()).Equal(a, b) },
	}
	p.readNames(a.want)
	return p, nil
}

// readNames takes over what the failed assertion calls its tasks.
func (p *paste) readNames(want []call) {
	if len(p.call.Args) != len(want)+1 {
		return
	}
	for i, arg := range p.call.Args[1:] {
		if name := p.file.Root(arg); name != "" {
			p.names[taskID{want[i].task, want[i].defined}] = name
		}
	}
}

// assertion writes the whole assertion, and notes what is in the way.
func (p *paste) assertion(runID string, got []call) string {
	if len(got) == 0 {
		return fmt.Sprintf("%s.Assert(%q)", p.call.Receiver, runID)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s.Assert(%q,\n", p.call.Receiver, runID)
	for i, c := range got {
		source := p.callSource(c, fmt.Sprintf("call %d, %s", i+1, c.task))
		fmt.Fprintf(&b, "\t%s,\n", strings.ReplaceAll(source, "\n", "\n\t"))
		if len(p.losses) >= maxReasons {
			break
		}
	}
	return b.String() + ")"
}

// maxReasons bounds how many reasons are told.
const maxReasons = 5

// callSource writes a call.
func (p *paste) callSource(c call, label string) string {
	task, why := p.taskName(c)
	if why != "" {
		p.losses = append(p.losses, label+": "+why)
	}
	p.writer.Redacted = c.redacted
	args, losses := p.writer.Value(c.args, true)
	for _, loss := range losses {
		switch {
		case loss.Secret:
			p.noteSecret(loss.Path)
		case len(p.losses) < maxReasons:
			reason := strings.TrimSuffix(label+": "+loss.Path, ": ") + ": " + loss.Why
			if !slices.Contains(p.losses, reason) {
				p.losses = append(p.losses, reason)
			}
		}
	}
	p.writer.Redacted = nil
	var b strings.Builder
	fmt.Fprintf(&b, "%s.With(%s)", task, args)
	switch {
	case c.after != 0:
		fmt.Fprintf(&b, ".After(%s)", p.value(c.after))
	case !c.at.IsZero():
		fmt.Fprintf(&b, ".At(%s)", p.value(c.at))
	case c.async:
		b.WriteString(".Async()")
	}
	if c.key != "" {
		fmt.Fprintf(&b, ".Key(%q)", c.key)
	}
	if c.bestEffort {
		b.WriteString(".BestEffort()")
	}
	return b.String()
}

// noteSecret notes a field that is to be filled in, once.
func (p *paste) noteSecret(path string) {
	const most = 10
	if n := len(p.secrets); n == most {
		p.secrets = append(p.secrets, "…")
	} else if n < most && !slices.Contains(p.secrets, path) {
		p.secrets = append(p.secrets, path)
	}
}

func (p *paste) value(v any) string {
	source, _ := p.writer.Value(reflect.ValueOf(v), true) // times can be written
	return source
}

// imports tells which imports the file still needs.
func (p *paste) imports() string {
	added := p.writer.Added()
	if len(added) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nIt needs what the file does not import yet:\n\n")
	for _, i := range added {
		fmt.Fprintf(&b, "\timport %s\n", i)
	}
	return b.String()
}

// source returns the source around a place, read once.
func (p *paste) source(at place) (*gosource.File, error) {
	if f, err := p.sources[at.file], p.problems[at.file]; f != nil || err != nil {
		return f, err
	}
	f, err := p.read(at)
	if err != nil {
		if p.problems == nil {
			p.problems = map[string]error{}
		}
		p.problems[at.file] = err
		return nil, err
	}
	p.sources[at.file] = f
	return f, nil
}

// read reads the source around a place. Of a program built with -trimpath only
// the package under test is found, in the working directory.
func (p *paste) read(at place) (*gosource.File, error) {
	if !filepath.IsAbs(at.file) && strings.TrimSuffix(at.pkg, "_test") != strings.TrimSuffix(p.at.pkg, "_test") {
		return nil, fmt.Errorf("%s is not the path of a file", at.file)
	}
	return gosource.Read(at.file)
}

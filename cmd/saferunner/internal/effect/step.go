// Package effect does what the tasks of the command line do: it runs commands
// and sends HTTP requests. Nothing here asks whether it may: the gate has
// been passed before.
package effect

import (
	"context"
	"encoding/json"
	"io"
	"strings"
)

// Step is what a task of a list does, and the arguments that the journal
// shows: one of Exec and HTTP. Its texts may hold ${NAME}, which stands for
// the environment variable at the moment of execution, so that its value
// never reaches the journal.
type Step struct {
	Exec []string `json:"exec,omitempty"`
	HTTP *Request `json:"http,omitempty"`
}

// Request is an HTTP request of a Step.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`

	// Credentials are headers that hold a secret, written out in the list.
	Credentials map[string]string `json:"credentials,omitempty" saferunner:"redact"`

	JSON json.RawMessage `json:"json,omitempty"`
	Body string          `json:"body,omitempty"`
}

// String shows the step as a person would type it, on one line.
func (s Step) String() string {
	if s.HTTP != nil {
		return s.HTTP.Method + " " + s.HTTP.URL
	}
	return Quote(s.Exec)
}

// Quote shows a command as it would be typed into a shell, on one line.
func Quote(argv []string) string {
	quoted := make([]string, len(argv))
	for i, arg := range argv {
		quoted[i] = quote(arg)
	}
	return strings.Join(quoted, " ")
}

func quote(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%^"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// Do executes the step. What a command prints goes to stdout and stderr.
// The error has the exit code and the last line on stderr of a command, or
// the status and the first line of the body of an HTTP response; values of
// variables in it are replaced by their names, and credentials by [redacted].
func (p *Processes) Do(ctx context.Context, s Step, stdout, stderr io.Writer) error {
	secrets := secrets{}
	if s.HTTP != nil {
		return secrets.maskError(send(ctx, s.HTTP, secrets))
	}
	return secrets.maskError(p.run(ctx, s.Exec, secrets, stdout, stderr))
}

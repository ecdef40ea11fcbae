package riverengine

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/saferunner/saferunner"
)

// envelope is what travels beside a job's arguments, in River's metadata.
// The triggers read the entry.
type envelope struct {
	Entry  string                 `json:"entry"`
	Call   string                 `json:"call"`           // a head: few keys are cheaper for the databases
	Task   string                 `json:"task,omitempty"` // where the kind is not its name
	Key    string                 `json:"key,omitempty"`
	Queue  string                 `json:"queue,omitempty"`
	Due    time.Time              `json:"due,omitzero"` // River's own time changes with each attempt
	Retry  saferunner.RetryPolicy `json:"retry,omitzero"`
	Values map[string]string      `json:"values,omitempty"`
	Form   form                   `json:"form,omitempty"`
	Shown  string                 `json:"shown,omitempty"` // the arguments as the journal shows them, where they are others
}

// head is what every call has.
type head struct {
	run      string
	at       time.Time
	position int
	timeout  time.Duration // of the task, else of the engine that sent it
	caller   string
	runID    string
}

// String writes h as parseHead reads it. The run ID, which may hold anything,
// is the last.
func (h head) String() string {
	caller := strings.ReplaceAll(h.caller, "|", " ")
	return strings.Join([]string{
		h.run, strconv.FormatInt(h.at.UnixNano(), 10), strconv.Itoa(h.position), strconv.FormatInt(int64(h.timeout), 10), caller, h.runID,
	}, "|")
}

func parseHead(text string) (h head, err error) {
	parts := strings.SplitN(text, "|", 6)
	if len(parts) != 6 {
		return h, fmt.Errorf("%q is not what a call begins with", text)
	}
	at, err1 := strconv.ParseInt(parts[1], 10, 64)
	position, err2 := strconv.Atoi(parts[2])
	timeout, err3 := strconv.ParseInt(parts[3], 10, 64)
	return head{parts[0], moment(at), position, time.Duration(timeout), parts[4], parts[5]}, errors.Join(err1, err2, err3)
}

// form is how a payload is written.
type form string

const (
	asIs   form = ""
	inside form = "value"  // it is no object: River's driver for SQLite takes nothing else
	base   form = "base64" // it holds what Postgres cannot: the escape of a zero byte
	sealed form = "sealed" // it is encrypted, with the entry's ID as additional data
)

// jobArgs are a payload as River takes it.
type jobArgs struct {
	kind    string
	payload json.RawMessage
}

func (a jobArgs) Kind() string                 { return a.kind }
func (a jobArgs) MarshalJSON() ([]byte, error) { return a.payload, nil }

func (a *jobArgs) UnmarshalJSON(data []byte) error {
	a.payload = bytes.Clone(data)
	return nil
}

// pack makes River's job of one of a batch.
func (e *Engine) pack(b saferunner.Batch, i int) (river.InsertManyParams, error) {
	j := &b.Jobs[i]
	if j.Redacted && e.aead == nil {
		return river.InsertManyParams{}, fmt.Errorf("%s has redacted fields in its arguments, and the engine would store them in clear: open it with Seal", j.Task.Name)
	}
	env := envelope{
		Entry: j.EntryID, Key: j.Key, Queue: j.Task.Queue, Due: j.NotBefore.UTC(), Retry: j.Task.Retry, Values: j.Metadata,
		Call: head{b.Run, b.At, j.Position, cmp.Or(j.Task.Timeout, e.timeout), b.Caller, b.RunID}.String(),
	}
	kind := kindOf(j.Task.Name)
	if kind != j.Task.Name {
		env.Task = j.Task.Name
	}
	payload, form, err := e.wrap(j)
	if err != nil {
		return river.InsertManyParams{}, fmt.Errorf("%s: %w", j.Task.Name, err)
	}
	if env.Form = form; form != asIs || j.Redacted {
		env.Shown = string(j.Args)
	}
	if env.hasZeroByte() {
		return river.InsertManyParams{}, fmt.Errorf("%s: a zero byte in its run ID, key or metadata: the database cannot hold it", j.Task.Name)
	}
	metadata, err := json.Marshal(env)
	if err != nil {
		return river.InsertManyParams{}, err
	}
	return river.InsertManyParams{
		Args: jobArgs{kind, payload},
		InsertOpts: &river.InsertOpts{
			MaxAttempts: j.Task.Retry.Attempts(), Metadata: metadata, Queue: queueOf(j.Task.Queue), ScheduledAt: j.NotBefore,
		},
	}, nil
}

func (e *envelope) hasZeroByte() bool {
	for name, value := range e.Values {
		if strings.Contains(name+value, "\x00") {
			return true
		}
	}
	return strings.Contains(e.Call+e.Key, "\x00")
}

// zeroByte is how JSON writes one.
var zeroByte = []byte(`\u0000`)

func (e *Engine) wrap(j *saferunner.Job) (json.RawMessage, form, error) {
	if len(j.Payload) == 0 {
		return nil, "", errors.New("it has no arguments")
	}
	if e.aead != nil {
		nonce := make([]byte, e.aead.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return nil, "", err
		}
		return quoted(e.aead.Seal(nonce, nonce, j.Payload, []byte(j.EntryID))), sealed, nil
	}
	if bytes.Contains(j.Payload, zeroByte) {
		return quoted(j.Payload), base, nil
	}
	if j.Payload[0] != '{' {
		return slices.Concat([]byte(`{"value":`), j.Payload, []byte{'}'}), inside, nil
	}
	return j.Payload, asIs, nil
}

func quoted(b []byte) json.RawMessage {
	return json.RawMessage(`{"value":"` + base64.StdEncoding.EncodeToString(b) + `"}`)
}

// errSealed is why a worker cannot read a payload that another may read.
var errSealed = errors.New("the arguments are sealed, and this engine was opened without Seal, or with another key")

func (e *Engine) unwrap(env *envelope, payload json.RawMessage) (json.RawMessage, error) {
	if env.Form == asIs {
		return payload, nil
	}
	var wrapped struct{ Value json.RawMessage }
	err := json.Unmarshal(payload, &wrapped)
	if err == nil && env.Form == inside {
		return wrapped.Value, nil
	}
	var text []byte // base64, as encoding/json reads it
	if err = errors.Join(err, json.Unmarshal(wrapped.Value, &text)); err != nil {
		return nil, fmt.Errorf("the arguments have been changed in the database: %w", err)
	}
	switch {
	case env.Form == base:
		return text, nil
	case env.Form != sealed || e.aead == nil || len(text) < e.aead.NonceSize():
		return nil, errSealed
	}
	nonce, secret := text[:e.aead.NonceSize()], text[e.aead.NonceSize():]
	plain, err := e.aead.Open(nil, nonce, secret, []byte(env.Entry))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// delivery is a job as the runner gets it.
func (e *Engine) delivery(row *rivertype.JobRow, payload json.RawMessage) (saferunner.Delivery, error) {
	var env envelope
	if err := json.Unmarshal(row.Metadata, &env); err != nil {
		return saferunner.Delivery{}, fmt.Errorf("the job's metadata have been changed in the database: %w", err)
	}
	payload, err := e.unwrap(&env, payload)
	h, failure := parseHead(env.Call)
	d := saferunner.Delivery{
		Job: saferunner.Job{
			EntryID: env.Entry, Position: h.position, Payload: payload, Key: env.Key, Metadata: env.Values, NotBefore: env.Due,
			Task: saferunner.TaskSpec{Name: cmp.Or(env.Task, row.Kind), Timeout: h.timeout, Retry: env.Retry, Queue: env.Queue},
		},
		RunID: h.runID, Run: h.run, At: h.at, Caller: h.caller,
		Attempt: row.Attempt, Worker: e.name,
	}
	if failure != nil {
		return d, fmt.Errorf("the job's metadata have been changed in the database: %w", failure)
	}
	return d, err
}

// kindOf is River's name for a task. River's names are shorter by one.
func kindOf(task string) string {
	if len(task) < 128 {
		return task
	}
	return "saferunner:" + hash(task) // no task's name has a colon
}

var queueName = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

// queueOf is River's name for a queue. River has no capitals, dots and
// slashes in them.
func queueOf(queue string) string {
	switch {
	case queue == "":
		return river.QueueDefault
	case len(queue) <= 64 && queueName.MatchString(queue) && queue != river.QueueDefault:
		return queue
	}
	return "saferunner-" + hash(queue)
}

func hash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

package riverengine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/saferunner/saferunner/engine"
)

// envelope is what travels beside a job's arguments, in River's metadata.
// The triggers read the entry.
type envelope struct {
	Entry  string             `json:"entry"`
	Call   string             `json:"call"` // a head: few keys are cheaper for the databases
	RunID  string             `json:"run_id"`
	Task   string             `json:"task,omitempty"` // where the kind is not its name
	Key    string             `json:"key,omitempty"`
	Queue  string             `json:"queue,omitempty"`
	Due    time.Time          `json:"due,omitzero"` // River's own time changes with each attempt
	Retry  engine.RetryPolicy `json:"retry,omitzero"`
	Values map[string]string  `json:"values,omitempty"`
	Form   form               `json:"form,omitempty"`
	Shown  string             `json:"shown,omitempty"` // the arguments as the journal shows them, where they are others
}

// head is what every call has.
type head struct {
	run      string
	at       time.Time
	position int
	timeout  time.Duration // of the task, else of the engine that sent it
	caller   string
}

// String writes h as parseHead reads it. The caller, which may hold anything,
// is the last.
func (h head) String() string {
	return strings.Join([]string{
		h.run, strconv.FormatInt(h.at.UnixNano(), 10), strconv.Itoa(h.position), strconv.FormatInt(int64(h.timeout), 10), h.caller,
	}, "|")
}

func parseHead(text string) (h head, err error) {
	parts := strings.SplitN(text, "|", 5)
	if len(parts) != 5 {
		return h, fmt.Errorf("%q is not what a call begins with", text)
	}
	at, err1 := strconv.ParseInt(parts[1], 10, 64)
	position, err2 := strconv.Atoi(parts[2])
	timeout, err3 := strconv.ParseInt(parts[3], 10, 64)
	return head{parts[0], moment(at), position, time.Duration(timeout), parts[4]}, errors.Join(err1, err2, err3)
}

// pack makes River's job of one of a batch.
func (e *Engine) pack(b engine.Batch, i int) (river.InsertManyParams, error) {
	j := &b.Jobs[i]
	if j.Redacted && e.aead == nil {
		return river.InsertManyParams{}, fmt.Errorf("%s has redacted fields in its arguments, and the engine would store them in clear: open it with Seal", j.Task.Name)
	}
	env := envelope{
		Entry: j.EntryID, Key: j.Key, Queue: j.Task.Queue, Due: j.NotBefore.UTC(), Retry: j.Task.Retry, Values: j.Metadata,
		Call: head{b.Run, b.At, j.Position, cmp.Or(j.Task.Timeout, e.timeout), b.Caller}.String(), RunID: b.RunID,
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
	if err := env.unfit(); err != nil {
		return river.InsertManyParams{}, fmt.Errorf("%s: %w", j.Task.Name, err)
	}
	metadata, err := json.Marshal(env)
	if err != nil {
		return river.InsertManyParams{}, err
	}
	return river.InsertManyParams{
		Args: jobArgs{kind: kind, payload: payload},
		InsertOpts: &river.InsertOpts{
			MaxAttempts: min(j.Task.Retry.Attempts(), math.MaxInt16), Metadata: metadata, Queue: queueOf(j.Task.Queue), ScheduledAt: j.NotBefore,
		},
	}, nil
}

// mostText is how long a run ID and a key may be, in bytes: a runner allows no
// more, and an index of Postgres could not hold much more.
const mostText = 256

// unfit says what of a job's names the database cannot hold.
func (e *envelope) unfit() error {
	switch {
	case len(e.RunID) > mostText:
		return fmt.Errorf("its run ID has %d bytes: at most %d are allowed", len(e.RunID), mostText)
	case len(e.Key) > mostText:
		return fmt.Errorf("its key has %d bytes: at most %d are allowed", len(e.Key), mostText)
	case !utf8.ValidString(e.RunID):
		return fmt.Errorf("its run ID %q is not valid UTF-8: the database cannot hold it", e.RunID)
	case !utf8.ValidString(e.Key):
		return fmt.Errorf("its key %q is not valid UTF-8: the database cannot hold it", e.Key)
	}
	zero := strings.Contains(e.Call+e.RunID+e.Key, "\x00")
	for name, value := range e.Values {
		zero = zero || strings.Contains(name+value, "\x00")
	}
	if zero {
		return errors.New("a zero byte in its run ID, key or metadata: the database cannot hold it")
	}
	return nil
}

// delivery is a job as the runner gets it.
func (e *Engine) delivery(row *rivertype.JobRow, payload json.RawMessage) (engine.Delivery, error) {
	var env envelope
	if err := json.Unmarshal(row.Metadata, &env); err != nil {
		return engine.Delivery{}, fmt.Errorf("the job's metadata have been changed in the database: %w", err)
	}
	payload, err := e.unwrap(&env, payload)
	h, failure := parseHead(env.Call)
	d := engine.Delivery{
		Job: engine.Job{
			EntryID: env.Entry, Position: h.position, Payload: payload, Key: env.Key, Metadata: env.Values, NotBefore: env.Due,
			Task: engine.TaskSpec{Name: cmp.Or(env.Task, row.Kind), Timeout: h.timeout, Retry: env.Retry, Queue: env.Queue},
		},
		RunID: env.RunID, Run: h.run, At: h.at, Caller: h.caller,
		Attempt: row.Attempt, Worker: e.name,
	}
	if failure != nil {
		return d, fmt.Errorf("the job's metadata have been changed in the database: %w", failure)
	}
	return d, err
}

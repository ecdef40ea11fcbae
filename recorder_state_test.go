package saferunner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/saferunner/saferunner"
	"github.com/saferunner/saferunner/journal"
	"github.com/saferunner/saferunner/saferunnertest"
)

// modelRule is the word of a test about one task, in other words than the
// gate's: a stack, whose top comes first.
type modelRule struct {
	kind string // force, stub, fail, times, func
	left int    // of times
}

// model is what a recorder with its rules must do.
type model struct {
	t        *testing.T
	rec      *saferunnertest.Recorder
	plain    []*saferunner.Task[int]
	result   []*saferunner.ResultTask[int, int]
	executed []string // by tasks

	forceAll bool
	rules    map[string][]modelRule
	want     []string        // task, argument and status of each call
	did      []string        // what must have executed
	keys     map[string]bool // that are held
}

var errFault = errors.New("a fault")

func newModel(t *testing.T) *model {
	m := &model{t: t, rec: saferunnertest.New(t), rules: map[string][]modelRule{}, keys: map[string]bool{}}
	for i := range 2 {
		name := fmt.Sprintf("model.plain%d", i)
		m.plain = append(m.plain, saferunner.Define(name, func(_ context.Context, n int) error {
			m.executed = append(m.executed, fmt.Sprint(name, " ", n))
			return modelError(n)
		}))
		name2 := fmt.Sprintf("model.result%d", i)
		m.result = append(m.result, saferunner.DefineResult(name2, func(_ context.Context, n int) (int, error) {
			m.executed = append(m.executed, fmt.Sprint(name2, " ", n))
			return n, modelError(n)
		}))
	}
	return m
}

// modelError is what the tasks return.
func modelError(n int) error {
	if n%7 == 6 {
		return errBroken
	}
	return nil
}

func (m *model) names() []string {
	return []string{m.plain[0].Name(), m.plain[1].Name(), m.result[0].Name(), m.result[1].Name()}
}

func (m *model) call(task, n int) saferunner.Call {
	if task < 2 {
		return m.plain[task].With(n)
	}
	return m.result[task-2].With(n)
}

func (m *model) named(task int) saferunner.Named {
	if task < 2 {
		return m.plain[task]
	}
	return m.result[task-2]
}

// decide says what becomes of a call, and uses up what holds for a count.
func (m *model) decide(name string, n int) string {
	stack := m.rules[name]
	for i := len(stack) - 1; i >= 0; i-- {
		switch r := &stack[i]; r.kind {
		case "times":
			if r.left == 0 {
				continue
			}
			r.left--
			return "fail"
		case "func":
			if n%2 == 0 {
				return "fail"
			}
		default:
			return r.kind
		}
	}
	if m.forceAll {
		return "force"
	}
	return "record"
}

// word changes the rules of one task.
func (m *model) word(r *rand.Rand) {
	task := r.IntN(4)
	name := m.names()[task]
	switch r.IntN(6) {
	case 0:
		m.rec.Force(m.named(task))
		m.rules[name] = []modelRule{{kind: "force"}}
	case 1:
		if task < 2 {
			return
		}
		saferunnertest.Stub(m.rec, m.result[task-2], func(n int) (int, error) { return -n, nil })
		m.rules[name] = []modelRule{{kind: "stub"}}
	case 2:
		m.rec.Fail(m.named(task), errFault)
		m.rules[name] = append(m.unfaulted(name), modelRule{kind: "fail"})
	case 3:
		m.rec.Fail(m.named(task), nil)
		m.rules[name] = m.unfaulted(name)
	case 4:
		times := 1 + r.IntN(3)
		m.rec.FailTimes(m.named(task), times, errFault)
		m.rules[name] = append(slices.Clone(m.rules[name]), modelRule{"times", times})
	case 5:
		even := func(n int) error {
			if n%2 == 0 {
				return errFault
			}
			return nil
		}
		if task < 2 {
			saferunnertest.FailFunc(m.rec, m.plain[task], even)
		} else {
			saferunnertest.FailFunc(m.rec, m.result[task-2], even)
		}
		m.rules[name] = append(m.unfaulted(name), modelRule{kind: "func"})
	}
}

// unfaulted is what is left of a task's rules without its faults.
func (m *model) unfaulted(name string) []modelRule {
	stack := slices.Clone(m.rules[name])
	for len(stack) > 0 && stack[len(stack)-1].kind != "force" && stack[len(stack)-1].kind != "stub" {
		stack = stack[:len(stack)-1]
	}
	return stack
}

// run runs a list and works out what must have become of it.
func (m *model) run(r *rand.Rand) {
	var calls []saferunner.Call
	var want []string
	failed := false
	for range 1 + r.IntN(4) {
		task, n, async, key, best := r.IntN(4), r.IntN(20), r.IntN(3) == 0, "", r.IntN(3) == 0
		c := m.call(task, n)
		if async {
			c = c.Async()
		}
		if r.IntN(4) == 0 {
			key = fmt.Sprint(r.IntN(3))
			c = c.Key(key)
		}
		if best {
			c = c.BestEffort()
		}
		calls = append(calls, c)
		name := m.names()[task]
		if failed {
			want = append(want, fmt.Sprint(name, " ", n, " ", journal.StatusSkipped))
			continue
		}
		status := m.becomes(name, n, key)
		want = append(want, fmt.Sprint(name, " ", n, " ", status))
		failed = status == journal.StatusFailed && !async && !best
		if async {
			// The model has no order between an async call and the sync ones after
			// it, so a list ends with it.
			break
		}
	}
	_, err := saferunner.Run(m.rec.Context(), "model", calls...)
	if (err != nil) != failed {
		m.t.Errorf("Run returned %v", err)
	}
	_ = m.rec.Wait() // whether they failed, the statuses say
	m.want = append(m.want, want...)
}

func (m *model) becomes(name string, n int, key string) journal.Status {
	switch m.decide(name, n) {
	case "record":
		return journal.StatusRecorded
	case "stub":
		return journal.StatusStubbed
	case "fail":
		return journal.StatusFailed
	}
	if key != "" && m.keys[name+key] {
		return journal.StatusDuplicate
	}
	m.did = append(m.did, fmt.Sprint(name, " ", n))
	if modelError(n) != nil {
		return journal.StatusFailed
	}
	if key != "" {
		m.keys[name+key] = true
	}
	return journal.StatusDone
}

// check holds the record against the model.
func (m *model) check(after string) {
	var got []string
	for _, e := range m.rec.All() {
		got = append(got, fmt.Sprint(e.Task, " ", string(e.Args), " ", e.Status))
	}
	if !slices.Equal(got, m.want) {
		m.t.Errorf("after %s the record has\n%s\nwant\n%s", after, strings.Join(got, "\n"), strings.Join(m.want, "\n"))
	}
	if !slices.Equal(m.executed, m.did) {
		m.t.Errorf("after %s executed %q, want %q", after, m.executed, m.did)
	}
}

// perform performs what was recorded of one task.
func (m *model) perform(task int) {
	name := m.names()[task]
	keysOf := map[string]string{}
	for _, e := range m.rec.All() {
		keysOf[e.ID] = e.Key
	}
	for i, e := range m.rec.All() {
		if e.Task != name || e.Status != journal.StatusRecorded {
			continue
		}
		var n int
		_, _ = fmt.Sscan(string(e.Args), &n)
		status := journal.StatusDuplicate
		if key := keysOf[e.ID]; key == "" || !m.keys[name+key] {
			status = journal.StatusDone
			m.did = append(m.did, fmt.Sprint(name, " ", n))
			if modelError(n) != nil {
				status = journal.StatusFailed
			} else if key != "" {
				m.keys[name+key] = true
			}
		}
		m.want[i] = fmt.Sprint(name, " ", n, " ", status)
	}
	_ = m.rec.Perform(m.named(task)) // whether they failed, the statuses say
}

// A recorder does what a simple model of it does, in whatever order a test
// lays down rules, runs lists, performs and clears.
func TestRecorderDoesWhatItsModelDoes(t *testing.T) {
	rounds(t, func(t *testing.T, seed uint64) {
		t.Run("", func(t *testing.T) {
			r, m := rand.New(rand.NewPCG(seed, 2)), newModel(t)
			for range 1 + r.IntN(12) {
				after := ""
				switch op := r.IntN(12); {
				case op < 4:
					after = "a word"
					m.word(r)
				case op < 9:
					after = "a list"
					m.run(r)
				case op == 9:
					after = "ForceAll"
					m.rec.ForceAll()
					m.forceAll = true
				case op == 10:
					after = "Perform"
					m.perform(r.IntN(4))
				default:
					after = "Clear"
					m.rec.Clear()
					m.want, m.keys = nil, map[string]bool{}
				}
				if m.check(after); t.Failed() {
					return
				}
			}
		})
	})
}

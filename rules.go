package saferunner

import (
	"maps"
	"sync"
	"sync/atomic"
)

// rules are what a test's recorder lays down for the gate. They end with the
// test, also for goroutines that outlive it.
type rules struct {
	current   atomic.Pointer[ruleSet] // never changed, only replaced; nil: no rules
	delivered atomic.Pointer[ruleSet] // those at the end of the test, while its async calls are drained

	mu      sync.Mutex
	ended   bool
	unsound []error // lists that Run refused, for the end of the test
}

type ruleSet struct {
	forceAll bool
	forced   map[string]bool
	stubs    map[string]func(any) (any, error)
	faults   map[string]error
}

// of returns what holds for one task.
func (r *rules) of(task string) (stub func(any) (any, error), fault error, force bool) {
	set := r.current.Load()
	if set == nil {
		return nil, nil, false
	}
	return set.stubs[task], set.faults[task], set.forceAll || set.forced[task]
}

// empty reports whether no task has a rule.
func (r *rules) empty() bool { return r.current.Load() == nil }

// change replaces the rules by a changed copy.
func (r *rules) change(fn func(*ruleSet)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	next := &ruleSet{forced: map[string]bool{}, stubs: map[string]func(any) (any, error){}, faults: map[string]error{}}
	if set := r.current.Load(); set != nil {
		next.forceAll = set.forceAll
		maps.Copy(next.forced, set.forced)
		maps.Copy(next.stubs, set.stubs)
		maps.Copy(next.faults, set.faults)
	}
	fn(next)
	r.current.Store(next)
}

// Force lets calls of these tasks execute.
func (r *rules) Force(tasks ...string) {
	r.change(func(s *ruleSet) {
		for _, t := range tasks {
			s.forced[t] = true
		}
	})
}

// ForceAll lets all calls execute.
func (r *rules) ForceAll() { r.change(func(s *ruleSet) { s.forceAll = true }) }

// Stub answers calls of the task with fn, which gets a pointer to the
// arguments.
func (r *rules) Stub(task string, fn func(any) (any, error)) {
	r.change(func(s *ruleSet) { s.stubs[task] = fn })
}

// Fail lets calls of the task fail with err.
func (r *rules) Fail(task string, err error) {
	r.change(func(s *ruleSet) { s.faults[task] = err })
}

// ofDelivered returns whether a call that was let through, and that a worker
// takes now, still is.
func (r *rules) ofDelivered(task string) (force bool) {
	if set := r.delivered.Load(); set != nil {
		return set.forceAll || set.forced[task]
	}
	_, _, force = r.of(task)
	return force
}

// end takes all rules back, for good, but for the calls that are to be
// drained: those keep them until drained.
func (r *rules) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended = true
	r.delivered.Store(r.current.Load())
	r.current.Store(nil)
}

func (r *rules) drained() { r.delivered.Store(nil) }

func (r *rules) hasEnded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// noteUnsound notes a list that Run refused, so that its test fails whatever
// the code under test does with the error.
func (r *rules) noteUnsound(err error) {
	r.mu.Lock()
	r.unsound = append(r.unsound, err)
	r.mu.Unlock()
}

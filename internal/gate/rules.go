package gate

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Rules are what a test's recorder lays down for the gate. The last word
// about a task wins, and a word about one task beats ForceAll. The zero value
// has no rules. Safe for concurrent use.
//
// They go through three states. At first they can be changed. End takes them
// back, for good, also for goroutines that outlive the test; the async calls
// that were let through before still execute, until Over.
type Rules struct {
	current atomic.Pointer[ruleSet] // never changed, only replaced; nil: no rules

	mu    sync.Mutex // held while current or state changes
	state atomic.Uint32
}

const (
	rulesHold uint32 = iota
	rulesEnded
	rulesOver
)

type ruleSet struct {
	forceAll bool
	tasks    map[string]*rule
}

// rule is the word of a test about one task: one of answer, fault and force.
type rule struct {
	answer func(any) (any, error)
	fault  func(any) error
	force  bool
	left   *atomic.Int64 // for how many calls it holds; nil: for all
	under  *rule         // what holds when a fault does not; nil: no rule
}

// of returns the rule for one task, and whether all others are forced.
func (r *Rules) of(task string) (*rule, bool) {
	set := r.current.Load()
	if set == nil {
		return nil, false
	}
	return set.tasks[task].holding(), set.forceAll
}

// beneath returns what holds under a fault that has let a call go.
func (r *Rules) beneath(under *rule) (*rule, bool) {
	set := r.current.Load()
	return under.holding(), set != nil && set.forceAll
}

// holding returns the first rule from r downwards that holds for one more
// call, and counts that call.
func (r *rule) holding() *rule {
	for ; r != nil; r = r.under {
		if r.left == nil || r.left.Add(-1) >= 0 {
			return r
		}
	}
	return nil
}

// empty reports whether there are no rules.
func (r *Rules) empty() bool { return r.current.Load() == nil }

// ForceAll lets the calls of all tasks execute that there is no word about.
func (r *Rules) ForceAll() { r.change(func(s *ruleSet) { s.forceAll = true }) }

// Force lets calls of these tasks execute.
func (r *Rules) Force(tasks ...string) {
	r.change(func(s *ruleSet) {
		for _, t := range tasks {
			s.tasks[t] = &rule{force: true}
		}
	})
}

// Stub answers calls of the task with fn, which gets a pointer to the
// arguments.
func (r *Rules) Stub(task string, fn func(args any) (any, error)) {
	r.change(func(s *ruleSet) { s.tasks[task] = &rule{answer: fn} })
}

// Fail lets calls of the task fail with what fn returns; where it returns
// nil, what was said of the task before holds. Nil for fn takes the fault
// back, FailTimes included.
func (r *Rules) Fail(task string, fn func(args any) error) {
	r.change(func(s *ruleSet) {
		under := s.tasks[task].withoutFault()
		if fn != nil {
			under = &rule{fault: fn, under: under}
		}
		if s.tasks[task] = under; under == nil {
			delete(s.tasks, task)
		}
	})
}

// FailTimes lets the next n calls of the task fail with err. After them, what
// was said of the task before holds again.
func (r *Rules) FailTimes(task string, n int, err error) {
	left := new(atomic.Int64)
	left.Store(int64(n))
	r.change(func(s *ruleSet) {
		s.tasks[task] = &rule{fault: func(any) error { return err }, left: left, under: s.tasks[task]}
	})
}

func (r *rule) withoutFault() *rule {
	for r != nil && r.fault != nil {
		r = r.under
	}
	return r
}

// change replaces the rules by a changed copy.
func (r *Rules) change(fn func(*ruleSet)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.HasEnded() {
		return
	}
	next := &ruleSet{tasks: map[string]*rule{}}
	if set := r.current.Load(); set != nil {
		next.forceAll = set.forceAll
		maps.Copy(next.tasks, set.tasks)
	}
	fn(next)
	r.current.Store(next)
}

// End takes all rules back: no call that is run from now on executes.
func (r *Rules) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.CompareAndSwap(rulesHold, rulesEnded)
	r.current.Store(nil)
}

// Over says that the calls that were let through before End have had their
// time: they do not execute any more either.
func (r *Rules) Over() {
	r.End()
	r.state.Store(rulesOver)
}

// HasEnded reports whether End was called.
func (r *Rules) HasEnded() bool { return r.state.Load() != rulesHold }

func (r *Rules) over() bool { return r.state.Load() == rulesOver }

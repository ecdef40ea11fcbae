package gate

// Say is what has a say in whether a call executes, beside the mode of the
// process. It is a small value, made for each list of calls.
type Say struct {
	RecordOnly bool   // of any runner that was ever put into the ctx, or of the receiver
	NoTx       bool   // the list was run in a transaction that nothing can take part in
	Rules      *Rules // of the recorder that owns the call; nil for any other owner
}

// Decision is the verdict on one call, with what a test put in its place.
type Decision struct {
	Verdict Verdict
	rule    *rule // the test's word, nil for none
}

// Pass returns the leave to execute the call; a zero one unless the verdict
// is Executed.
func (d Decision) Pass() Pass { return Pass{d.Verdict == Executed} }

// Answer is what the test's stub says, for a call that is Stubbed. args is a
// pointer to the arguments.
func (d Decision) Answer(args any) (any, error) { return d.rule.answer(args) }

// Fault is the test's error for a call that is Faulted. If it is nil,
// Unfaulted decides.
func (d Decision) Fault(args any) error { return d.rule.fault(args) }

// Decide takes one call to the gate.
func (s Say) Decide(task string) Decision {
	if s.Rules == nil {
		return s.decide(task, nil, false)
	}
	r, forceAll := s.Rules.of(task)
	return s.decide(task, r, forceAll)
}

// Unfaulted decides again, for a call whose Fault has returned nil: as if
// there were no fault.
func (s Say) Unfaulted(task string, d Decision) Decision {
	r, forceAll := s.Rules.beneath(d.rule.under)
	return s.decide(task, r, forceAll)
}

func (s Say) decide(task string, r *rule, forceAll bool) Decision {
	c := s.circumstances(task)
	c.force = forceAll
	if r != nil {
		c.stub, c.fault, c.force = r.answer != nil, r.fault != nil, r.force
	}
	return Decision{verdict(c), r}
}

// DecideAll takes all calls of a list to the gate at once, which is possible
// where no task is looked at for itself: all of them execute then, or none
// does. It returns false where one is. If the mode is not known, all are
// Refused.
func (s Say) DecideAll() (Decision, bool) {
	env := process()
	if s.Rules == nil && env.testing {
		askForCache()
	}
	if env.mode != Unknown && (env.forced.all || len(env.forced.names) > 0 || s.Rules != nil && !s.Rules.empty()) {
		return Decision{}, false
	}
	c := circumstances{mode: env.mode, recordOnly: s.RecordOnly, noTx: s.NoTx, recorder: s.Rules != nil}
	return Decision{Verdict: verdict(c)}, true
}

// Delivered takes a call to the gate that was let through when it was run,
// and that a worker is about to execute. It stays let through, unless the
// test that let it through has ended since. task returns the name of its
// task, which is seldom asked for.
func (s Say) Delivered(task func() string) Decision {
	env := process()
	c := circumstances{mode: env.mode, recordOnly: s.RecordOnly, noTx: s.NoTx, recorder: s.Rules != nil}
	if env.forced.all || len(env.forced.names) > 0 {
		c.forceEnv = env.forcesTask(task())
	}
	c.force = s.Rules != nil && !s.Rules.over()
	return Decision{Verdict: verdict(c)}
}

// Perform takes a recorded call to the gate that its test wants executed.
func (s Say) Perform() Decision {
	c := s.circumstances("")
	c.force = s.Rules != nil && !s.Rules.HasEnded()
	return Decision{Verdict: verdict(c)}
}

func (s Say) circumstances(task string) circumstances {
	env := process()
	return circumstances{
		mode: env.mode, recordOnly: s.RecordOnly, noTx: s.NoTx, recorder: s.Rules != nil, forceEnv: env.forcesTask(task),
	}
}

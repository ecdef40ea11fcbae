package saferunner

// decision is the verdict on one call, with what a test put in its place.
type decision struct {
	verdict verdict
	stub    func(any) (any, error)
	fault   error
}

// decide takes one call to the gate.
func (r *Runner) decide(task string) decision {
	env := process()
	c := circumstances{mode: env.mode, recordOnly: r.recordOnly, forceEnv: env.forcesTask(task)}
	var d decision
	if r.rules != nil {
		c.recorder = true
		d.stub, d.fault, c.force = r.rules.of(task)
		c.stub, c.fault = d.stub != nil, d.fault != nil
	}
	d.verdict = gate(c)
	return d
}

// decideDelivered takes a call to the gate that a worker is to execute now.
// It was let through when it was run, by its stub's or fault's absence too.
func (r *Runner) decideDelivered(task string) decision {
	if r.rules == nil {
		return r.decide(task)
	}
	env := process()
	c := circumstances{mode: env.mode, recorder: true, force: r.rules.ofDelivered(task), forceEnv: env.forcesTask(task)}
	return decision{verdict: gate(c)}
}

// decideAll takes all calls of a list to the gate at once, which is possible
// where no task is looked at for itself: nothing of it executes then, or all
// does. It returns false where one is.
func (r *Runner) decideAll() (verdict, bool) {
	if process().forces() || r.rules != nil && !r.rules.empty() {
		return refused, false
	}
	return r.decide("").verdict, true
}

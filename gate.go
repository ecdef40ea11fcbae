package saferunner

// verdict is what the gate says of one call. The zero value executes nothing.
type verdict uint8

const (
	refused  verdict = iota // nothing may happen: the mode is not known
	recorded                // write it down
	stubbed                 // answer with the test's stub
	faulted                 // fail with the test's error
	executed                // let it through
)

// circumstances are all that the gate looks at.
type circumstances struct {
	mode       mode
	recordOnly bool // the runner was made with RecordOnly
	recorder   bool // a test's recorder owns the call
	stub       bool // the recorder has a stub for the task
	fault      bool // the recorder has a fault for the task
	force      bool // the recorder forces the task or performs the call; false once its test has ended
	forceEnv   bool // FORCE_RUN_SIDE_EFFECTS names the task
}

// gate decides for one call whether it executes. Everything that executes,
// now or on a worker, has passed here; nothing else decides.
func gate(c circumstances) verdict {
	switch {
	case c.mode != modeLive && c.mode != modeRecord:
		return refused
	case c.stub:
		return stubbed
	case c.fault:
		return faulted
	case c.force:
		return executed
	case c.mode == modeRecord && c.forceEnv && !c.recordOnly:
		return executed
	case c.mode == modeLive && !c.recordOnly && !c.recorder:
		return executed
	default:
		return recorded
	}
}

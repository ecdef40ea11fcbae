package gate

// Verdict is what the gate says of one call. The zero value executes nothing.
type Verdict uint8

// What the gate can say.
const (
	Refused  Verdict = iota // nothing may happen: the mode is not known
	Recorded                // write it down
	Stubbed                 // answer with the test's stub
	Faulted                 // fail with the test's error
	Executed                // let it through
)

// Pass is the leave to execute one call. The zero Pass is none.
type Pass struct{ ok bool }

// Check panics if p was not made by the gate.
func (p Pass) Check() {
	if !p.ok {
		panic("saferunner: a call was about to execute without having passed the gate; nothing was executed")
	}
}

// circumstances are all that the gate looks at.
type circumstances struct {
	mode       Mode
	recordOnly bool // a runner that has a say was made with RecordOnly
	noTx       bool // it was run in a transaction that nothing of it can take part in
	recorder   bool // a test's recorder owns the call
	stub       bool // the recorder's last word is a stub
	fault      bool // the recorder's last word is a fault
	force      bool // the recorder's last word is to let it through; false once its test has ended
	forceEnv   bool // FORCE_RUN_SIDE_EFFECTS names the task
}

// verdict decides for one call whether it executes. Everything that executes,
// now or on a worker, has passed here.
func verdict(c circumstances) Verdict {
	switch {
	case c.mode != Live && c.mode != Record:
		return Refused
	case c.stub:
		return Stubbed
	case c.fault:
		return Faulted
	case c.recordOnly || c.noTx:
		return Recorded
	case c.force:
		return Executed
	case c.mode == Record && c.forceEnv:
		return Executed
	case c.mode == Live && !c.recorder:
		return Executed
	default:
		return Recorded
	}
}

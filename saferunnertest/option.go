package saferunnertest

// Option changes what a recorder or a suite does. The zero Option does nothing.
type Option struct {
	name   string
	single func(*Recorder) // for New
}

func (o Option) apply(r *Recorder) {
	if o.single != nil {
		o.single(r)
	}
}

// OwnUnowned makes the recorder own the calls that nobody owns as well: those that
// are run without a recorder in their ctx, anywhere in the process, until the test
// ends. Of several such recorders the latest owns them. The test must not be
// parallel: New stops it with t.Fatal, and a later t.Parallel panics. It is an
// option of New.
func OwnUnowned() Option {
	return Option{name: "OwnUnowned", single: func(r *Recorder) {
		r.t.Helper()
		if !sequential(r) {
			r.t.Fatal("saferunnertest: OwnUnowned in a parallel test: calls of other tests would be mixed in; pass rec.Context() to the code under test instead")
		}
		r.t.Cleanup(r.adopt())
	}}
}

// sequential reports whether the test is not parallel, and keeps it so: that
// is what Setenv does. The value is the one that the variable has already.
func sequential(r *Recorder) (ok bool) {
	defer func() { ok = recover() == nil }()
	r.t.Setenv("SAFERUNNER_MODE", "record")
	return true
}

package saferunnertest

// Option changes what a recorder does. The zero Option does nothing.
type Option struct {
	name   string
	single func(*Recorder) // for New
}

func (o Option) apply(r *Recorder) {
	if o.single != nil {
		o.single(r)
	}
}

// OwnUnowned makes the recorder also own calls that are made without its ctx,
// from wherever in the process, until its test ends. Such a test must not be
// parallel: New fails it, and a later t.Parallel panics.
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

package record

import "testing"

// standIn takes the place of the *testing.T that each double would belong to: a benchmark makes very many of them, and
// its own B would keep all their clean-ups until it ends.
type standIn struct {
	testing.TB
	cleanups []func()
}

// Helper costs a walk up the stack in package testing. The doubles are not charged for it: gomock and testify call it on
// every call, so that they would look three times slower than they are.
func (*standIn) Helper() {}

// helping is a stand-in with the Helper of package testing, as a test has it.
type helping struct{ *standIn }

func (h helping) Helper() { h.TB.Helper() }

func (s *standIn) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// end runs the clean-ups, last first, as the end of a test does.
func (s *standIn) end() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		s.cleanups[i]()
		s.cleanups[i] = nil
	}
	s.cleanups = s.cleanups[:0]
}

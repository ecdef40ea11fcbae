package liveness

import (
	"testing"
	"time"
)

// A process judges only after renewals without a gap for 20 seconds by the
// database's clock, whatever has come between.
func TestWhoMayJudge(t *testing.T) {
	for name, renewals := range map[string]struct {
		at   []float64 // in seconds of the database's clock
		want int       // which of them is the first that may judge; -1: none
	}{
		"in time":                             {[]float64{0, 5, 10, 15, 20, 25}, 4},
		"a little late":                       {[]float64{0, 6, 12, 19.4, 25}, 4},
		"just opened, however old the others": {[]float64{1e6}, -1},
		"after an outage":                     {[]float64{0, 5, 10, 15, 28, 33, 38, 43, 48, 53}, 8},
		"after an outage shorter than death":  {[]float64{0, 5, 10, 15, 23, 28, 33, 38, 43}, 8},
		"in every gap":                        {[]float64{0, 8, 16, 24, 32, 40}, -1},
		"the clock is set ahead":              {[]float64{0, 5, 10, 15, 3615, 3620, 3625, 3630, 3635}, 8},
		"the clock is set back a little":      {[]float64{100, 105, 110, 115, 117, 122}, 5},
		"and beyond the own renewal":          {[]float64{100, 105, 110, 115, 114.9, 119.9, 124.9, 129.9, 134.9}, 8},
		"the clock is set back":               {[]float64{100, 105, 110, 115, 14, 19, 24, 29, 34}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			w := Watch{Pace: Standard}
			first := -1
			for i, s := range renewals.at {
				if w.Renewed(at(s)) && first < 0 {
					first = i
				}
			}
			if first != renewals.want {
				t.Errorf("the first renewal that may judge is %d, want %d", first, renewals.want)
			}
		})
	}
}

// Two processes renew every 5 seconds, until an outage holds both up. The one
// that is back first never judges while the other, which lives, looks dead.
func TestNobodyAliveIsJudgedAfterAnOutage(t *testing.T) {
	for offset := 0.0; offset < 5; offset += 0.5 { // of the other's renewals
		for outage := 0.0; outage < 40; outage += 0.5 {
			const begins = 100.0
			mine := Watch{Pace: Standard}
			for s := 0.0; s <= begins; s += 5 {
				mine.Renewed(at(s))
			}
			seen := at(begins - 5 + offset) // the other's last renewal
			now := at(begins + outage)
			from, to := Standard.Alive(now)
			if mine.Renewed(now) && (seen.Before(from) || seen.After(to)) {
				t.Errorf("after an outage of %vs, a process last seen %vs before it is judged", outage, 5-offset)
			}
		}
	}
}

// Two processes renew every 5 seconds while the clock is set; if by no more
// than a renewal, then once more. Neither judges while the other looks dead.
func TestNobodyAliveIsJudgedAfterAStep(t *testing.T) {
	for offset := 0.5; offset < 5; offset += 0.5 { // of the other's renewals
		for when := 100.0; when < 105; when += 0.5 {
			for step := -40.0; step <= 40; step += 0.5 {
				judgedAfter(t, offset, when, step, 0, 0)
				for again := 0.5; again < 10 && step >= -5 && step <= 5; again++ {
					judgedAfter(t, offset, when, step, again, step)
					judgedAfter(t, offset, when, step, again, -step)
				}
			}
		}
	}
}

// judgedAfter tests two steps of the clock, the other one some time later.
func judgedAfter(t *testing.T, offset, when, step, again, other float64) {
	t.Helper()
	s, dead := judgedAlive(offset, func(s float64) time.Time {
		to := s
		if s >= when {
			to += step
		}
		if s >= when+again {
			to += other
		}
		return at(to)
	})
	if dead {
		t.Errorf("renewed %vs later: after a step of %vs at %v, and of %vs %vs later, one that lives is judged at %v", offset, step, when, other, again, s)
	}
}

// judgedAlive reports whether a process judges another dead that renews as it
// does, some seconds later.
func judgedAlive(offset float64, clock func(float64) time.Time) (s float64, dead bool) {
	mine := Watch{Pace: Standard}
	for s := 70.0; s < 160; s += 5 {
		seen, now := clock(s-5+offset), clock(s)
		from, to := Standard.Alive(now)
		if mine.Renewed(now) && (seen.Before(from) || seen.After(to)) {
			return s, true
		}
	}
	return 0, false
}

// A row from the future may be that of a process that lives until the clock has
// had time to pass it.
func TestAlive(t *testing.T) {
	from, to := Standard.Alive(at(100))
	for seen, want := range map[float64]bool{100: true, 85: true, 84.9: false, 100.1: true, 115: true, 115.1: false, 0: false, 1e6: false} {
		if got := !at(seen).Before(from) && !at(seen).After(to); got != want {
			t.Errorf("seen at %v, judged at 100: alive is %v, want %v", seen, got, want)
		}
	}
}

func TestPaceOfContext(t *testing.T) {
	p := Pace{Renew: 1, Dead: 2, Judge: 3}
	if got := PaceOf(WithPace(t.Context(), p)); got != p {
		t.Errorf("got %v", got)
	}
	if got := PaceOf(t.Context()); got != Standard {
		t.Errorf("without one: %v", got)
	}
}

func at(seconds float64) time.Time {
	return time.UnixMilli(1_700_000_000_000).Add(time.Duration(seconds * float64(time.Second)))
}

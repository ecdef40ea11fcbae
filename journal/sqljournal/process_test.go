package sqljournal

import (
	"database/sql"
	"testing"
	"testing/synctest"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
)

// renewals is what a journal has asked of its database.
type renewals struct {
	pace   liveness.Pace
	fails  func(query string) error // nil: nothing fails
	at     []time.Time              // when the row was renewed
	begun  int                      // transactions
	commit int                      // that were committed
}

func (r *renewals) answer(query string) error {
	if query == "BEGIN IMMEDIATE" {
		r.begun++
	}
	if r.fails != nil {
		if err := r.fails(query); err != nil {
			return err
		}
	}
	switch query {
	case seeSQL:
		r.at = append(r.at, time.Now())
	case "COMMIT":
		r.commit++
	}
	return nil
}

// after runs test with what a journal that is opened, and does nothing else for
// so long, asks of its database.
func after(t *testing.T, d time.Duration, r *renewals, test func(t *testing.T, opened time.Time, j *Journal)) {
	t.Helper()
	inBubbleWith(t, r.pace, r.answer, func(t *testing.T, _ *stub, j *Journal) {
		opened := time.Now()
		time.Sleep(d)
		synctest.Wait()
		test(t, opened, j)
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The row is renewed every 5 seconds until the journal is closed.
func TestRowIsRenewed(t *testing.T) {
	r := &renewals{pace: liveness.Standard}
	after(t, time.Minute, r, func(t *testing.T, opened time.Time, j *Journal) {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if len(r.at) != 12 {
			t.Errorf("renewed at %v, want every 5 seconds for a minute", r.at)
		}
		for i, at := range r.at {
			if want := time.Duration(i+1) * liveness.Standard.Renew; at.Sub(opened) != want {
				t.Errorf("renewal %d after %v, want %v", i, at.Sub(opened), want)
			}
		}
	})
}

// While another process has the lock, a renewal is tried again soon, and other
// work has its turn meanwhile.
func TestRenewalWaitsForTheLock(t *testing.T) {
	r := &renewals{pace: liveness.Standard}
	locked := true
	r.fails = func(query string) error {
		if query == "BEGIN IMMEDIATE" && locked && r.begun > 1 { // the first makes the tables
			return errBusy
		}
		return nil
	}
	after(t, 5*time.Second+99*time.Millisecond, r, func(t *testing.T, opened time.Time, j *Journal) {
		if r.begun != 1+10 {
			t.Errorf("it looked %d times in 99ms whether the lock is free, want 10", r.begun-1)
		}
		err := j.perform(t.Context(), func() { locked = false })
		if err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(r.at) != 1 || r.at[0].Sub(opened) > 5200*time.Millisecond {
			t.Errorf("renewed at %v, want once the lock is free", r.at)
		}
	})
}

// A renewal that is not committed was none.
func TestRenewalThatIsNotCommitted(t *testing.T) {
	r := &renewals{pace: liveness.Standard}
	r.fails = func(query string) error {
		if query == "COMMIT" && r.commit > 0 {
			return sql.ErrConnDone
		}
		return nil
	}
	after(t, time.Minute, r, func(t *testing.T, _ time.Time, j *Journal) {
		err := j.perform(t.Context(), func() {
			if (j.process.watch != liveness.Watch{Pace: j.process.watch.Pace}) {
				t.Error("a renewal that was not committed counts")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// What cannot be judged does not keep this process from being seen.
func TestFailedJudgementKeepsTheProcessSeen(t *testing.T) {
	r := &renewals{pace: liveness.Standard}
	r.pace.Judge = 0
	r.fails = func(query string) error {
		if query == lostSQL {
			return sql.ErrConnDone
		}
		return nil
	}
	after(t, 16*time.Second, r, func(t *testing.T, _ time.Time, _ *Journal) {
		if r.commit != 1+3 {
			t.Errorf("%d renewals in 16 seconds were committed, want 3", r.commit-1)
		}
	})
}

package riverengine

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/saferunner/saferunner/internal/liveness"
)

// process is the row of an engine in @processes, by which others know that
// its attempts, and the calls that its journal has running, may still end. The
// row is there from open until Close, and is renewed on a connection of its own:
// nothing that the program does with the database holds that up for long.
//
// Others take the attempts of a process for lost that was not seen for a while.
// One that was stopped so long, or cut off, finds out by itself before it begins
// anything: see fresh, and began.
type process struct {
	db       database
	log      *slog.Logger
	id, host string
	pace     liveness.Pace

	renewing sync.Mutex // held while the row is renewed

	mu      sync.Mutex // guards what follows
	watch   liveness.Watch
	renewed time.Time // when this process last asked for a renewal that was made, by its own clock
	unseen  bool      // it was logged that the row is not renewed

	end   context.CancelFunc
	ended chan struct{}
}

// appear makes the row, and begins to renew it and to judge by it. ctx bounds
// the first renewal alone.
func appear(ctx context.Context, db database, id string, log *slog.Logger) (*process, error) {
	host, _ := os.Hostname()
	pace := liveness.PaceOf(ctx)
	p := &process{db: db, log: log, id: id, host: host, pace: pace, watch: liveness.Watch{Pace: pace}, ended: make(chan struct{})}
	patient, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, _, err := p.renew(patient); err != nil {
		return nil, err
	}
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	p.end = end
	go p.run(lasting)
	return p, nil
}

// run renews the row until ctx ends.
func (p *process) run(ctx context.Context) {
	defer close(p.ended)
	for rest := p.pace.Renew; ; rest = p.turn(ctx) {
		next := time.NewTimer(rest)
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return
		}
	}
}

// retriesOf is how often a renewal that fails is tried in the time between two.
const retriesOf = 10

// turn renews the row, if it is time to, and judges; it returns when it is to be
// called again.
func (p *process) turn(ctx context.Context) (next time.Duration) {
	if rest := p.rest(); rest > 0 {
		return rest
	}
	patient, cancel := context.WithTimeout(ctx, p.pace.Renew)
	defer cancel()
	last, mayJudge, err := p.renew(patient)
	if err != nil {
		p.complain(ctx, err)
		return p.pace.Renew / retriesOf
	}
	if mayJudge {
		brief, cancel := context.WithTimeout(ctx, p.pace.Renew)
		defer cancel()
		p.judge(brief, last)
	}
	return p.rest()
}

// rest is the time until the next renewal.
func (p *process) rest() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.Renew - time.Since(p.renewed)
}

// complain logs, once, that others may take this process for dead.
func (p *process) complain(ctx context.Context, err error) {
	p.mu.Lock()
	late := time.Since(p.renewed) > p.pace.Dead && !p.unseen && ctx.Err() == nil
	p.unseen = p.unseen || late
	p.mu.Unlock()
	if late {
		p.log.ErrorContext(ctx, "saferunner: this process cannot be seen in the database: if others can, its calls count as lost", slog.Any("error", err))
	}
}

// renewal is the statement that renews the row, and makes it if need be.
func (p *process) renewal() string {
	return "INSERT INTO @processes (id, host, pid, mode, seen) VALUES ($1, $2, $3, $4, " + p.db.clock() + ") ON CONFLICT (id) DO UPDATE SET seen = excluded.seen"
}

func (p *process) values() []any { return []any{p.id, p.host, os.Getpid(), liveness.Mode()} }

// renew says that this process lives. It returns the time of the renewal by
// the database's clock, in milliseconds, and whether this process may judge at
// that time, and from then on until a renewal is due for long.
func (p *process) renew(ctx context.Context) (last int64, mayJudge bool, err error) {
	p.renewing.Lock()
	defer p.renewing.Unlock()
	asked := time.Now()
	err = p.db.alone(ctx, false, func(s session) error {
		return s.query(ctx, func(scan scan) error { return scan(&last) }, p.renewal()+" RETURNING seen", p.values()...)
	})
	if err != nil {
		return 0, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewed, p.unseen = asked, false
	return last, p.watch.Renewed(time.UnixMilli(last)), nil
}

// fresh reports whether the row was renewed lately, by this process's own
// clock, so that nobody can judge soon what it begins now.
func (p *process) fresh() bool {
	p.mu.Lock()
	renewed := p.renewed
	p.mu.Unlock()
	passed, byWall := time.Since(renewed), time.Now().Round(0).Sub(renewed.Round(0)) // a machine that sleeps stops the first
	return passed < p.pace.Dead/2 && byWall.Abs() < p.pace.Dead/2
}

// freshenIn sees to it that, once a transaction commits, this process was seen
// lately. It has the lock, which renew would wait for.
func (p *process) freshenIn(ctx context.Context, s session) error {
	if p.fresh() {
		return nil
	}
	_, err := s.exec(ctx, p.renewal(), p.values()...)
	return err
}

// freshen renews the row unless it is fresh.
func (p *process) freshen(ctx context.Context) error {
	if p.fresh() {
		return nil
	}
	_, _, err := p.renew(ctx)
	return err
}

// slack is the precision of the database's clocks.
const slack = 2 * time.Millisecond

// covers reports whether an attempt that began at this time, by the database's
// clock, cannot have been judged: this process has been seen without a gap
// since.
func (p *process) covers(begun time.Time) bool {
	p.mu.Lock()
	since := p.watch.Since()
	p.mu.Unlock()
	return p.fresh() && !begun.Before(since.Add(-slack))
}

// alive is the range of the times, by the database's clock, at which a process
// was last seen that lives.
func (p *process) alive() string {
	from, to := p.pace.Alive(time.UnixMilli(0))
	at := func(t time.Time) string { return p.db.clock() + " + " + strconv.FormatInt(t.UnixMilli(), 10) }
	return "BETWEEN " + at(from) + " AND " + at(to)
}

// dead is the condition that the process whose ID is in a column was not seen
// lately, or is not there.
func (p *process) dead(column string) string {
	return "NOT EXISTS (SELECT 1 FROM @processes AS p WHERE p.id = " + column + " AND p.seen " + p.alive() + ")"
}

// judging is the condition that this process may judge, which it could at the
// time in the parameter $1.
func (p *process) judging() string {
	return p.db.clock() + " BETWEEN $1 AND $1 + " + milliseconds(p.pace.Gap())
}

// lastWord bounds the deletion of the row.
const lastWord = time.Second

// disappear ends the renewals and takes the row out. One that stays is found
// dead like any other.
func (p *process) disappear() {
	p.end()
	<-p.ended
	ctx, cancel := context.WithTimeout(context.Background(), lastWord)
	defer cancel()
	_ = p.db.alone(ctx, false, func(s session) error {
		_, err := s.exec(ctx, "DELETE FROM @processes WHERE id = $1", p.id)
		return err
	})
}

package riverengine

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

var errLost = errors.New("the connection was lost")

// losing is a database whose commits seem to fail.
type losing struct {
	database
	commits bool
	down    *atomic.Int64 // for how many questions
}

func (l losing) write(ctx context.Context, do func(session, any) error) error {
	err := l.database.write(ctx, func(s session, tx any) error {
		if err := do(s, tx); err != nil || l.commits {
			return err
		}
		return errRollback
	})
	if err != nil && !errors.Is(err, errRollback) {
		return err
	}
	return &commitError{errLost}
}

func (l losing) settled(ctx context.Context, entry string) (bool, error) {
	if l.down.Add(-1) >= 0 {
		return false, errors.New("down")
	}
	return l.database.settled(ctx, entry)
}

func TestLostCommit(t *testing.T) {
	whole := settlePatience
	settlePatience = 2 * time.Second
	defer func() { settlePatience = whole }()
	for name, tt := range map[string]struct {
		commits bool
		down    int64
		want    string
	}{
		"committed":     {commits: true},
		"rolled back":   {want: errLost.Error()},
		"away a while":  {commits: true, down: 3},
		"never learned": {commits: true, down: math.MaxInt64, want: "may be queued"},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
				e := open()
				var down atomic.Int64
				down.Store(tt.down)
				e.db = losing{e.db, tt.commits, &down}
				b := batchOf(engine.Job{Task: note, Key: "k"}, engine.Job{Task: note})
				tickets, err := e.Submit(t.Context(), b)
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Submit: %v, want %q", err, tt.want)
				}
				if err == nil && (len(tickets) != 2 || tickets[1].ID != b.Jobs[1].EntryID) {
					t.Errorf("tickets %v", tickets)
				}
				page, err := e.Journal().Query(t.Context(), journal.Query{Run: b.Run})
				if err != nil || (len(page.Entries) == 2) != tt.commits {
					t.Errorf("%d entries, %v", len(page.Entries), err)
				}
			})
		})
	}
}

// What a lost commit has left is looked for by a call that is queued, not by
// a duplicate: Postgres has no job of that.
func TestLostCommitOfDuplicate(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		submit(t, e, engine.Job{Task: note, Key: "k"})
		search := searches{database: e.db}
		e.db = losing{&search, true, &atomic.Int64{}}
		duplicate, other := engine.Job{Task: note, Key: "k"}, engine.Job{Task: note}
		b := batchOf(duplicate, other)
		tickets, err := e.Submit(t.Context(), b)
		if err != nil || len(tickets) != 2 || tickets[0].Holder == "" || tickets[1].Holder != "" {
			t.Errorf("Submit: %v, %v", tickets, err)
		}
		if len(search.entries) != 1 || search.entries[0] != b.Jobs[1].EntryID {
			t.Errorf("looked for %v, want the second of %v", search.entries, tickets)
		}
		search.entries = nil
		if _, err := e.Submit(t.Context(), batchOf(duplicate)); !errors.Is(err, errLost) || len(search.entries) != 0 {
			t.Errorf("nothing but a duplicate: %v, looked for %v", err, search.entries)
		}
	})
}

// searches keeps the entries that are looked for.
type searches struct {
	database
	entries []string
}

func (s *searches) settled(ctx context.Context, entry string) (bool, error) {
	s.entries = append(s.entries, entry)
	return s.database.settled(ctx, entry)
}

// deaf is a connection that is cut before the answer to a commit is read.
type deaf struct {
	net.Conn
	cut    *atomic.Bool // once
	silent atomic.Bool
}

func (d *deaf) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("commit\x00")) && d.cut.CompareAndSwap(true, false) {
		d.silent.Store(true)
	}
	return d.Conn.Write(b)
}

func (d *deaf) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.silent.Load() && n > 0 {
		_ = d.Conn.Close()
		return 0, errLost
	}
	return n, err
}

// Postgres has committed and its answer is lost: the calls are queued, once.
func TestLostAnswerOfPostgres(t *testing.T) {
	config, err := pgxpool.ParseConfig(testDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	var cut atomic.Bool
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return &deaf{Conn: c, cut: &cut}, err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	e, err := NewPostgres(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, e)
	cut.Store(true)
	b := submit(t, e, engine.Job{Task: note})
	if cut.Load() {
		t.Error("no answer was lost")
	}
	var executed atomic.Int64
	works(t, e, func(context.Context, engine.Delivery) error {
		executed.Add(1)
		return nil
	}, note)
	becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
	if n := executed.Load(); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

// A transaction of the caller's own that holds a key makes another one with
// it fail, and not wait for ever.
func TestKeyHeldByOwnTransaction(t *testing.T) {
	e := openTestSchema(t)
	defer patience(100 * time.Millisecond)()
	tx, err := e.db.(*postgresDB).pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note, Key: "k"})); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = e.Submit(ctx, batchOf(engine.Job{Task: note, Key: "k"}))
	if err == nil || !strings.Contains(err.Error(), "use RunTx") {
		t.Errorf("Submit: %v", err)
	}
	if _, err := e.Journal().Claim(ctx, note.Name, "k", "other"); err == nil || !strings.Contains(err.Error(), "use RunTx") {
		t.Errorf("Claim: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	submit(t, e, engine.Job{Task: note, Key: "k"})
}

// patience changes how long locks are waited for, until what it returns.
func patience(d time.Duration) (restore func()) {
	before := lockPatience
	lockPatience = d
	return func() { lockPatience = before }
}

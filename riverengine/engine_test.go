package riverengine

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/internal/liveness"
	"github.com/saferunner/saferunner/journal"
)

// onBoth runs a test on SQLite and on Postgres.
func onBoth(t *testing.T, test func(t *testing.T, open func(...Option) *Engine)) {
	t.Run("sqlite", func(t *testing.T) {
		path := testFile(t)
		test(t, func(opts ...Option) *Engine { return openTestFile(t, path, opts...) })
	})
	t.Run("postgres", func(t *testing.T) {
		url := testDatabase(t)
		test(t, func(opts ...Option) *Engine {
			o, err := apply(opts)
			if err != nil {
				t.Fatal(err)
			}
			e, err := openServer(liveness.WithPace(t.Context(), judging), url, o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			return e
		})
	})
}

// id returns a new one; they ascend, as those of a run do.
func id() string { return fmt.Sprintf("%s%010d", testProcess, lastID.Add(1)) }

var (
	testProcess = rand.Text()[:10]
	lastID      atomic.Int64
)

func batchOf(jobs ...engine.Job) engine.Batch {
	for i := range jobs {
		jobs[i].Position = i
		if jobs[i].EntryID == "" {
			jobs[i].EntryID = id()
		}
		if jobs[i].Payload == nil {
			jobs[i].Payload = json.RawMessage(`{"n":1}`)
		}
		if jobs[i].Args == nil {
			jobs[i].Args = jobs[i].Payload
		}
	}
	return engine.Batch{RunID: "order.created", Run: id(), At: time.Now(), Caller: "shop.go:1", Jobs: jobs}
}

func submit(t *testing.T, e *Engine, jobs ...engine.Job) engine.Batch {
	t.Helper()
	b := batchOf(jobs...)
	if _, err := e.Submit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

// works starts the engine until the end of the test.
func works(t *testing.T, e *Engine, do task, tasks ...engine.TaskSpec) {
	t.Helper()
	handles(t, e, asRunner(do), tasks...)
}

// handles is works with a handler that answers by itself.
func handles(t *testing.T, e *Engine, h engine.Handler, tasks ...engine.TaskSpec) {
	t.Helper()
	if err := e.Start(context.Background(), tasks, h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, e, 10*time.Second) })
}

func stop(t *testing.T, e *Engine, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := e.Stop(ctx); err != nil && limit > time.Second {
		t.Error(err)
	}
}

func entryOf(t *testing.T, e *Engine, id string) journal.Entry {
	t.Helper()
	page, err := e.Journal().Query(context.Background(), journal.Query{ID: id})
	if err != nil || len(page.Entries) != 1 {
		t.Fatalf("entry %s: %v, %d entries", id, err, len(page.Entries))
	}
	return page.Entries[0]
}

func becomes(t *testing.T, e *Engine, id string, s journal.Status) journal.Entry {
	t.Helper()
	var entry journal.Entry
	waitFor(t, 15*time.Second, "an entry to become "+string(s), func() bool {
		entry = entryOf(t, e, id)
		return entry.Status == s
	})
	return entry
}

// stored returns the arguments of an entry's job as the database has them.
func stored(t *testing.T, e *Engine, entry string) string {
	t.Helper()
	column := "args::text"
	if _, ok := e.db.(*sqliteDB); ok {
		column = "json(args)"
	}
	text := "no job"
	err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&text) },
		"SELECT "+column+" FROM @river_job WHERE metadata->>'entry' = $1", entry)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var (
	note  = engine.TaskSpec{Name: "note.take", Timeout: 10 * time.Second}
	retry = engine.TaskSpec{Name: "note.retry", Retry: engine.RetryPolicy{MaxAttempts: 3, Initial: time.Millisecond}}
)

func nothing(context.Context, engine.Delivery) error { return nil }

func newKey(t *testing.T) cipher.AEAD {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	block, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func TestSeal(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		aead, got := newKey(t), make(chan string, 1)
		e := open(Seal(aead))
		b := submit(t, e, engine.Job{Task: note, Payload: json.RawMessage(`{"card":"4111"}`), Args: json.RawMessage(`{"card":"[redacted]"}`), Redacted: true})
		if text := stored(t, e, b.Jobs[0].EntryID); strings.Contains(text, "4111") || !strings.Contains(text, "value") {
			t.Errorf("the database holds %s", text)
		}
		other := open(Seal(newKey(t)))
		works(t, other, func(context.Context, engine.Delivery) error {
			t.Error("delivered to an engine with another key")
			return nil
		}, note)
		waitFor(t, 10*time.Second, "the other engine to see the call", func() bool { return strings.Contains(state(t, e, b.Jobs[0].EntryID), "scheduled") })
		stop(t, other, 10*time.Second)
		if entry := entryOf(t, e, b.Jobs[0].EntryID); entry.Status != journal.StatusQueued || len(entry.Attempts) != 0 || !entry.StartedAt.IsZero() {
			t.Errorf("put off: %+v", entry)
		}
		b = submit(t, e, engine.Job{Task: note, Payload: json.RawMessage(`{"card":"4112"}`), Args: json.RawMessage(`{"card":"[redacted]"}`), Redacted: true})
		works(t, e, func(_ context.Context, d engine.Delivery) error {
			got <- string(d.Payload)
			return nil
		}, note)
		if payload := <-got; payload != `{"card":"4112"}` {
			t.Errorf("delivered %s", payload)
		}
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
	})
}

// No cleaner needs to come by before the arguments of a done call are gone.
func TestDoneArguments(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		works(t, e, nothing, note)
		b := submit(t, e, engine.Job{Task: note})
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
		if text := stored(t, e, b.Jobs[0].EntryID); text != "{}" && text != "no job" {
			t.Errorf("the arguments of the done call are still there: %s", text)
		}
	})
}

// A worker whose task has a longer limit than the job was sent with keeps to
// that of the job, since the leader judges by it.
func TestSentTimeout(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		for name, tt := range map[string]struct {
			sender []Option
			sent   time.Duration
		}{
			"of the task":       {sent: 20 * time.Second},
			"of the sender":     {sender: []Option{DefaultTimeout(20 * time.Second)}},
			"longer than known": {sent: time.Hour},
		} {
			t.Run(name, func(t *testing.T) {
				worker, left := open(), make(chan time.Duration, 1)
				works(t, worker, func(ctx context.Context, d engine.Delivery) error {
					end, _ := ctx.Deadline()
					left <- min(time.Until(end), d.Task.Timeout)
					return nil
				}, engine.TaskSpec{Name: note.Name, Timeout: 30 * time.Second})
				submit(t, open(tt.sender...), engine.Job{Task: engine.TaskSpec{Name: note.Name, Timeout: tt.sent}})
				limit := 20 * time.Second
				if tt.sent == time.Hour {
					limit = 30 * time.Second
				}
				if d := <-left; d > limit || d < limit-10*time.Second {
					t.Errorf("the task has %s left of %s", d, limit)
				}
				stop(t, worker, 10*time.Second)
			})
		}
	})
}

// Names that look like the engine's own are tasks like any other.
func TestNamesLikeOwn(t *testing.T) {
	e := openTestFile(t, testFile(t))
	long := engine.TaskSpec{Name: strings.Repeat("x", 128)}
	tasks := []engine.TaskSpec{long, {Name: "saferunner/stuck"}, {Name: "saferunner/" + hash(long.Name)}}
	works(t, e, nothing, tasks...)
	for _, spec := range tasks {
		b := submit(t, e, engine.Job{Task: spec})
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
	}
}

func state(t *testing.T, e *Engine, entry string) string {
	t.Helper()
	var text string
	err := e.db.read().query(t.Context(), func(scan scan) error { return scan(&text) },
		"SELECT CAST(state AS text) FROM @river_job WHERE metadata->>'entry' = $1", entry)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Arguments and names that the databases or River would not take as they are.
func TestUnusualNames(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open(QueueConcurrency("Bulk/mail.2", 1))
		long := engine.TaskSpec{Name: strings.Repeat("x", 128)}
		queued := engine.TaskSpec{Name: "mail.send", Queue: "Bulk/mail.2"}
		zero := json.RawMessage(`{"text":"a\u0000b","deep":"\\u0000"}`)
		got := make(chan engine.Delivery, 3)
		handles(t, e, func(_ context.Context, d engine.Delivery) engine.Ending {
			got <- d
			if d.Task.Name == note.Name {
				return withResult(`"a\u0000b"`)
			}
			return withResult("")
		}, long, queued, note)
		b := submit(t, e, engine.Job{Task: long}, engine.Job{Task: queued}, engine.Job{Task: note, Payload: zero})
		for _, j := range b.Jobs {
			becomes(t, e, j.EntryID, journal.StatusDone)
		}
		for range 3 {
			if d := <-got; d.Task.Name == note.Name && string(d.Payload) != string(zero) {
				t.Errorf("delivered %s, want %s", d.Payload, zero)
			}
		}
		for _, payload := range []string{`"text"`, `true`, `null`, `[1,2]`, `-0.5`} {
			submit(t, e, engine.Job{Task: long, Payload: json.RawMessage(payload)})
			if d := <-got; strings.ReplaceAll(string(d.Payload), " ", "") != payload {
				t.Errorf("delivered %s, want %s", d.Payload, payload)
			}
		}
		if _, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Payload: json.RawMessage("{")})); err == nil {
			t.Error("no JSON was taken")
		}
		if _, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note, Key: "a\x00b"})); err == nil || !strings.Contains(err.Error(), "zero byte") {
			t.Errorf("a zero byte in a key: %v", err)
		}
	})
}

// What a task that must not run twice does when it is stopped the hard way,
// and what one that may.
func TestHardStop(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		begun := make(chan string, 4)
		hang := func(ctx context.Context, d engine.Delivery) error {
			begun <- d.EntryID
			<-ctx.Done()
			return ctx.Err()
		}
		works(t, e, hang, note, retry)
		b := submit(t, e, engine.Job{Task: note}, engine.Job{Task: retry})
		<-begun
		<-begun
		stop(t, e, 10*time.Millisecond)
		if entry := entryOf(t, e, b.Jobs[0].EntryID); entry.Status != journal.StatusInterrupted || len(entry.Attempts) != 1 || entry.Attempts[0].Error == "" {
			t.Errorf("without a retry: %+v", entry)
		}
		if entry := entryOf(t, e, b.Jobs[1].EntryID); entry.Status != journal.StatusQueued || len(entry.Attempts) != 1 {
			t.Errorf("with a retry: %+v", entry)
		}
		next := open()
		works(t, next, func(_ context.Context, d engine.Delivery) error {
			begun <- d.EntryID
			return nil
		}, note, retry)
		becomes(t, next, b.Jobs[1].EntryID, journal.StatusDone)
		if again := <-begun; again != b.Jobs[1].EntryID || len(begun) != 0 {
			t.Errorf("executed again: %s, and %d more", again, len(begun))
		}
		if text := stored(t, e, b.Jobs[0].EntryID); text == "no job" || text == "{}" {
			t.Errorf("the arguments of the interrupted call are gone: %s", text)
		}
	})
}

// chance is another lastChance, until what it returns is called.
func chance(d time.Duration) (reset func()) {
	before := lastChance
	lastChance = d
	return func() { lastChance = before }
}

// Stop may be called again, to wait for a call that does not heed its ctx,
// and the database is there for it until then.
func TestStopAgain(t *testing.T) {
	defer chance(50 * time.Millisecond)()
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		begun, release := make(chan struct{}), make(chan struct{})
		works(t, e, func(context.Context, engine.Delivery) error {
			close(begun)
			<-release
			return nil
		}, note)
		b := submit(t, e, engine.Job{Task: note})
		<-begun
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			if err := e.Stop(ctx); err == nil || !strings.Contains(err.Error(), "still execute") {
				t.Errorf("Stop while a call executes: %v", err)
			}
			cancel()
			if err := e.Close(); err == nil || !strings.Contains(err.Error(), "still works") {
				t.Errorf("Close while a call executes: %v", err)
			}
		}
		close(release)
		stop(t, e, 10*time.Second)
		if entry := entryOf(t, e, b.Jobs[0].EntryID); entry.Status != journal.StatusDone {
			t.Errorf("the call is %s", entry.Status)
		}
	})
}

func TestCancel(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		begun := make(chan struct{})
		works(t, e, func(ctx context.Context, _ engine.Delivery) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}, note)
		b := submit(t, e, engine.Job{Task: note, Key: "k"}, engine.Job{Task: note, NotBefore: time.Now().Add(time.Hour), Key: "l"})
		<-begun
		for _, j := range b.Jobs {
			if ok, err := e.Cancel(t.Context(), j.EntryID); err != nil || !ok {
				t.Errorf("Cancel: %v, %v", ok, err)
			}
			becomes(t, e, j.EntryID, journal.StatusCancelled)
			if text := stored(t, e, j.EntryID); text != "{}" {
				t.Errorf("the arguments of the cancelled call are still there: %s", text)
			}
			if holder, err := e.Journal().Claim(t.Context(), note.Name, j.Key, "next"); err != nil || holder != "next" {
				t.Errorf("the cancelled call holds its key: %s, %v", holder, err)
			}
			if ok, err := e.Cancel(t.Context(), j.EntryID); err != nil || ok {
				t.Errorf("Cancel again: %v, %v", ok, err)
			}
		}
	})
}

// Cancel reaches a call that another process executes.
func TestCancelElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e, elsewhere := open(), open()
		begun := make(chan struct{}, 2)
		works(t, e, func(ctx context.Context, _ engine.Delivery) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}, note)
		b := submit(t, e, engine.Job{Task: note}, engine.Job{Task: note})
		for _, j := range b.Jobs {
			<-begun
			if ok, err := elsewhere.Cancel(t.Context(), j.EntryID); err != nil || !ok {
				t.Errorf("Cancel: %v, %v", ok, err)
			}
			if entry := becomes(t, e, j.EntryID, journal.StatusCancelled); entry.FinishedAt.Sub(entry.StartedAt) > note.Timeout/2 {
				t.Errorf("it went on for %s", entry.FinishedAt.Sub(entry.StartedAt))
			}
		}
	})
}

// A leader that does not know the task of a stuck job leaves it alone.
func TestMixedDeployment(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		old, e := open(), open()
		works(t, old, nothing, engine.TaskSpec{Name: "old.task"})
		b := submit(t, e, engine.Job{Task: note}, engine.Job{Task: engine.TaskSpec{Name: "old.task"}})
		becomes(t, e, b.Jobs[1].EntryID, journal.StatusDone)
		if entry := entryOf(t, e, b.Jobs[0].EntryID); entry.Status != journal.StatusQueued {
			t.Errorf("a call that nobody knows is %s", entry.Status)
		}
		works(t, e, nothing, note)
		becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone)
	})
}

// Of many transactions at once, exactly those that commit have queued calls.
func TestTransactions(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		const n = 1000
		e := open()
		var mu sync.Mutex
		delivered := map[string]int{}
		committed := map[string]bool{}
		var group sync.WaitGroup
		work := make(chan int)
		for range 8 {
			group.Go(func() {
				for i := range work {
					b := batchOf(engine.Job{Task: note})
					if err := inTx(t.Context(), e, b, i%2 == 0); err != nil {
						t.Error(err)
					}
					if i%2 == 0 {
						mu.Lock()
						committed[b.Jobs[0].EntryID] = true
						mu.Unlock()
					}
				}
			})
		}
		for i := range n {
			work <- i
		}
		close(work)
		group.Wait()
		works(t, e, func(_ context.Context, d engine.Delivery) error {
			mu.Lock()
			defer mu.Unlock()
			delivered[d.EntryID]++
			return nil
		}, note)
		waitFor(t, 20*time.Second, "all calls to be done", func() bool {
			page, err := e.Journal().Query(t.Context(), journal.Query{Statuses: []journal.Status{journal.StatusQueued, journal.StatusRunning}, Limit: 1})
			return err == nil && len(page.Entries) == 0
		})
		page, err := e.Journal().Query(t.Context(), journal.Query{Limit: journal.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(delivered) != n/2 || len(page.Entries) != n/2 {
			t.Errorf("%d calls delivered, %d entries, want %d", len(delivered), len(page.Entries), n/2)
		}
		for id, times := range delivered {
			if times != 1 || !committed[id] {
				t.Errorf("delivered %d times, committed %v", times, committed[id])
			}
		}
	})
}

// inTx submits a batch in a transaction of its own, and ends it.
func inTx(ctx context.Context, e *Engine, b engine.Batch, commit bool) error {
	submit := func(tx any) error {
		if _, err := e.SubmitTx(ctx, tx, b); err != nil {
			return err
		}
		if !commit {
			return errRollback
		}
		return nil
	}
	var err error
	switch db := e.db.(type) {
	case *sqliteDB:
		var tx *sql.Tx
		if tx, err = db.db.BeginTx(ctx, nil); err != nil {
			return err
		}
		if err = submit(tx); err != nil {
			err = errors.Join(err, tx.Rollback())
		} else {
			err = tx.Commit()
		}
	case *postgresDB:
		err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error { return submit(tx) })
	}
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}

var errRollback = errors.New("roll back")

func TestWrongTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		if _, err := e.SubmitTx(t.Context(), "a transaction", batchOf(engine.Job{Task: note})); err == nil || !strings.Contains(err.Error(), "Tx") {
			t.Errorf("got %v", err)
		}
		if err := e.WriteTx(t.Context(), 17, journal.Forget("x")); err == nil {
			t.Error("WriteTx took a number")
		}
		var none any = (*sql.Tx)(nil)
		if _, ok := e.db.(*postgresDB); ok {
			none = (*pgxpool.Tx)(nil)
		}
		if _, err := e.SubmitTx(t.Context(), none, batchOf(engine.Job{Task: note})); err == nil || !strings.Contains(err.Error(), "the transaction is nil: begin one") {
			t.Errorf("got %v", err)
		}
	})
}

// A transaction on another file says so, before it has written anything.
func TestForeignTransaction(t *testing.T) {
	e := openTestFile(t, testFile(t))
	withTables := testFile(t)
	openTestFile(t, withTables)
	for _, path := range []string{testFile(t), withTables} {
		other, err := openSQLite(path, false)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note}))
		want := "riverengine: the transaction is on another database than the engine's: begin it on the engine's database"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if err := e.WriteTx(t.Context(), tx, journal.Forget("entry")); err == nil || err.Error() != want {
			t.Errorf("WriteTx: got %v, want %s", err, want)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.SubmitTx(t.Context(), tx, batchOf(engine.Job{Task: note})); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("one that has ended: %v", err)
		}
	}
}

// A Submit inside a transaction on the same file would wait for itself.
func TestLockedFile(t *testing.T) {
	path := testFile(t)
	e := openTestFile(t, path)
	defer patience(100 * time.Millisecond)()
	tx, err := e.db.(*sqliteDB).db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Submit(t.Context(), batchOf(engine.Job{Task: note})); err == nil || !strings.Contains(err.Error(), "use RunTx") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, query := e.Journal().Query(ctx, journal.Query{})
	_, claim := e.Journal().Claim(ctx, note.Name, "k", "entry")
	_, cancelled := e.Cancel(ctx, "entry")
	for name, err := range map[string]error{"Query": query, "Claim": claim, "Cancel": cancelled} {
		if err == nil || !strings.Contains(err.Error(), "use RunTx") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	submit(t, e, engine.Job{Task: note})
}

// A lock that another connection holds is told apart, and whether it was
// waited for.
func TestLockedElsewhere(t *testing.T) {
	for name, tt := range map[string]struct{ pragma, want, not string }{
		"waits":         {"PRAGMA busy_timeout = 50", "gave up", "did not wait"},
		"does not wait": {"PRAGMA busy_timeout = 0", "did not wait", "gave up"},
	} {
		t.Run(name, func(t *testing.T) {
			path := testFile(t)
			e, other := openTestFile(t, path), openTestFile(t, path)
			if _, err := e.db.(*sqliteDB).db.Exec(tt.pragma); err != nil {
				t.Fatal(err)
			}
			tx, err := other.db.(*sqliteDB).db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Submit(t.Context(), batchOf(engine.Job{Task: note}))
			for _, want := range []string{"another connection", "use RunTx", tt.want} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Submit: %v, want %q", err, want)
				}
			}
			if text := err.Error(); strings.Contains(text, tt.not) || strings.Contains(text, lockPatience.String()) {
				t.Errorf("Submit: %s: that is not so", text)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			submit(t, e, engine.Job{Task: note})
		})
	}
}

func TestTwoSchemas(t *testing.T) {
	a, b := openTestSchema(t), openTestSchema(t)
	batch := submit(t, a, engine.Job{Task: note})
	page, err := b.Journal().Query(t.Context(), journal.Query{ID: batch.Jobs[0].EntryID})
	if err != nil || len(page.Entries) != 0 {
		t.Errorf("got %v, %v", page.Entries, err)
	}
}

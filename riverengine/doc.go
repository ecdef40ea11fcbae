// Package riverengine executes async calls durably, on SQLite within the
// program or on Postgres over many machines, with River
// (https://riverqueue.com) underneath.
//
//	engine, err := riverengine.Open(ctx, "sqlite:app.db")
//	if err != nil {
//		return err
//	}
//	defer engine.Close()
//	runner, err := saferunner.New(saferunner.WithEngine(engine))
//	if err != nil {
//		return err
//	}
//	saferunner.SetDefault(runner)
//	defer func() { // before Close, on every path
//		grace, cancel := context.WithTimeout(context.Background(), 20*time.Second)
//		defer cancel()
//		err = errors.Join(err, saferunner.Shutdown(grace))
//	}()
//	err = runner.Start(ctx, SendSMS, UpdateCRM) // in processes that work calls
//
// Shutdown gets a ctx of its own: one that a signal has cancelled would cancel
// the calls that execute.
//
// A call is in the database, with its journal entry, when Run returns, or
// when the user's transaction commits: [InTx], [RunTx] and their like for pgx.
// Processes that do not call Start only queue.
//
// # Crashes
//
// A call that was executing when its process died is noticed within 60
// seconds, whatever its Timeout, as long as another process works. Without Attempts
// it ends as interrupted, which the process that finds it logs at Error, and
// is never executed again; with attempts left it is executed again.
//
// An attempt of an async call whose task has no Timeout may take one minute, or [DefaultTimeout]:
// then its ctx ends with context.DeadlineExceeded. A task that does not heed its ctx
// goes on. Its call stays running as long as the process lives, and nobody else
// executes it. After 5 seconds that is logged at Error.
//
// A call gets the Attempts that its task had when the call was queued, or those
// that the task has in the process that works it, whichever are fewer.
//
// # Versions
//
// Processes with different tasks may share a database. A call of a task that
// nobody knows waits, also after a crash.
//
// # Limits
//
// A call whose After or At is less than 5 seconds away may begin up to 5
// seconds late. All other waits, those before a retry included, are kept to
// about a second. Calls of one batch begin in order, as far as workers are free.
// On SQLite, and behind a pooler such as PgBouncer, workers are told of new calls,
// and of Cancel, at once within a process and within a second by another. On Postgres the pool needs three connections or more.
package riverengine

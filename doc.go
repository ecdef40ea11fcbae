// Package saferunner makes side effects safe by default: they execute in
// production, and are only recorded in tests, in dry runs and wherever the
// variable SAFERUNNER_MODE is record, as on a staging server.
//
//	import "github.com/saferunner/saferunner"
//
// This page is a manual. It walks from a task to a program in production.
//
// # A task
//
// A side effect is something that must not happen in a test: a text message, a
// charge, a push to a CRM. Declare it once, as a task, with [Define]:
//
//	var SendSMS = saferunner.Define("sms.send", sendSMS)
//
// The name stands in the journal, and is what forces and stubs the task. It has
// 2 to 128 letters, digits and . _ - /, and begins with a letter. The function
// takes one argument of any type, such as a struct. Keep the function
// unexported, so that the task is the only way to it.
//
// [DefineResult] makes a task whose function also returns a value:
//
//	var ChargeCard = saferunner.DefineResult("card.charge", chargeCard).
//		WhenRecorded(func(c Charge) (Receipt, error) {
//			return Receipt{ID: "recorded-" + c.Order}, nil
//		})
//
// Define panics on a bad name, function, option or field tag. These are
// mistakes in the program, and show when it starts.
//
// # A list of calls
//
// A task with its arguments is a [Call], a value made by [Task.With]. [Run] runs
// a list of calls under a run ID, a label that says where the list is run:
//
//	report, err := saferunner.Run(ctx, "order.created",
//		ChargeCard.With(Charge{Order: o.ID, Cents: o.Cents, Card: card}).Key(o.ID),
//		SendSMS.With(SMS{To: o.Phone, Text: "Thank you!"}),
//		UpdateCRM.With(o).Async(),
//	)
//	if err != nil {
//		return Receipt{}, err
//	}
//	return ChargeCard.Result(report)
//
// Sync calls execute one after the other, on the goroutine of Run. Async calls
// execute beside the program; [Report.Wait] waits for those of one run. The
// first call that fails before Run returns stops the list: later calls are
// skipped, and Run returns the failure as a [*CallError]. The failure of a call
// made with [Call.BestEffort] does not stop the list.
//
// [Task.Do] runs a list of one sync call.
//
// Before anything executes, Run checks the whole list. A list with one bad call
// does nothing: Run returns an error such as [ErrNoTask] or [ErrArguments].
//
// # A test
//
// In a test nothing executes, and that needs no set-up. To look at the calls,
// give the code the ctx of a recorder:
//
//	import "github.com/saferunner/saferunner/saferunnertest"
//
//	func TestSignUp(t *testing.T) {
//		rec := saferunnertest.New(t)
//		if err := shop.SignUp(rec.Context(), "+27821234567"); err != nil {
//			t.Fatal(err)
//		}
//		rec.Assert("user.signed_up") // wants no calls, yet
//	}
//
// The assertion fails, shows what was recorded, and prints the assertion that
// holds. Package saferunnertest has stubs and faults too, and lets single tasks
// execute.
//
// # Test mode
//
// Test mode is on
//
//   - in a test binary: one that go test or Bazel has started, or that has the
//     flag test.v;
//   - where the environment variable SAFERUNNER_MODE is record. A test binary
//     sets it for the processes that it starts.
//
// In test mode every call is recorded and none executes. A result task without
// an answer then returns [ErrRecorded] from Do and Result; it gets an answer
// from a test's stub or from [ResultTask.WhenRecorded].
//
// Production code can only make things safer. A program that starts with
// SAFERUNNER_MODE=record stays in test mode, whatever it does to its environment
// later. Any value but live and record, the empty one included, executes and
// records nothing: Run returns [ErrMode]. A test binary does not read it. A
// [Runner] made with [RecordOnly] records in every mode, and so does every Run
// under a ctx that ever got one.
//
// Two things let a call execute in test mode: the recorder of a test, while the
// test runs, and the variable FORCE_RUN_SIDE_EFFECTS. It names tasks, separated
// by commas; __all__ stands for every task. It counts as it was when the process
// started, and the process says on stderr what it lets through. Neither lets a
// call through that is run under a RecordOnly runner.
//
// # Who owns a call
//
// Each call belongs to one runner, which journals it. It is
//
//   - in test mode, the recorder in ctx;
//   - else the [Runner] in ctx, put there by [NewContext];
//   - else the Runner whose method was called, or [Default] for the functions
//     of this package.
//
// A ctx that hides the ctx of its *http.Request, as a *gin.Context does, is
// looked through. The ctx that a task gets carries its runner, so what the task
// runs belongs to the same one. A call that a task makes passes the gate
// itself: a recorder that forces the task does not force what the task calls.
//
// # Arguments
//
// Arguments are data. Run copies them, at every depth, exported or not, so the
// journal and a test show them as they were. Functions, channels, errors,
// contexts and services are shared, not copied. A service is a pointer to a struct
// that holds a channel, or a function in an unexported field, be they nil; or to one
// of the standard library with unexported fields, such as *sql.DB, but for its types
// of data; or an *http.Client. Locks are zero in the copy. Two rules follow:
//
//   - Do not pass a service. Let the function of the task capture it.
//   - Do not write to arguments while Run executes, not even under a lock that
//     they hold.
//
// A sync call that executes gets the arguments that were passed, an async call
// gets a copy.
//
// Arguments of async calls must survive JSON, since a durable engine sends them
// to another process. Run checks this in test mode too, by the types and values,
// and returns [ErrArguments] with the name of the field. It refuses a non-zero
// field that JSON leaves out, a service, a channel, a function, a complex number,
// NaN, an infinity, a cycle, text that is not UTF-8, and structs and integers inside
// an any. Use a type of its own for arguments, not your wire format.
//
// Protobuf messages need an import for its effect, of a module of its own:
//
//	import _ "github.com/saferunner/saferunner/saferunnerproto"
//
// # Async calls
//
// [Call.Async], [Call.After] and [Call.At] hand a call to the engine: by
// default a pool in this process that executes 64 calls at once; see
// [Concurrency]. The ctx of such a call has the values of Run's ctx and not its
// cancellation.
//
// The pool holds 100,000 calls, or calls with 64 MiB of arguments, that have not
// ended. A list of more goes in alone, when nothing else is in it. A call keeps
// its place until it has ended for good. When the pool is full Run waits, until
// its ctx ends. Calls with After or At, and a Run inside a task, do not wait: they
// fail with [engine.ErrFull].
//
// # Keys
//
// [Call.Key] gives a call an idempotency key. Of the calls of one task with one
// key, one executes. The key is claimed before the call executes. While that
// call is queued, running, done or interrupted, a further one ends as a
// duplicate; its result is the first one's, if that is known. A call that failed
// gives its key back. A recorded call claims no key.
//
// The task finds the key with [Current], to pass it on to a vendor:
//
//	call, _ := saferunner.Current(ctx)
//	id, err := bank.charge(ctx, c.Card.Number, c.Cents, call.Key)
//
// # Attempts
//
// A side effect happens at most once, unless its task says otherwise:
//
//	// UpdateCRM tells the CRM of an order. The CRM is often away for a while.
//	var UpdateCRM = saferunner.Define("crm.update", updateCRM,
//		saferunner.Timeout(5*time.Second),
//		saferunner.Attempts(5),
//	)
//
// [Attempts] counts the first attempt too. [Backoff] sets the waits: without it
// 1 s, 2 s, 4 s and so on, a minute at most. [Timeout] ends the ctx of each
// attempt. Only async calls are tried again: the caller of a sync call has the
// error in hand.
//
// The error that a task returns can say more. After [Permanent] there is no
// further attempt. After [Later] there is one, which does not count against
// Attempts.
//
// A panic in a task becomes an error that matches [ErrPanic]; the CallError has
// its stack. runtime.Goexit becomes [ErrGoexit] in the journal. In a sync call it
// goes on to end the goroutine of Run, as the task has asked.
//
// # Production
//
// [New] makes a Runner with options, and [SetDefault] makes it the one that the
// functions of this package use:
//
//	runner, err := saferunner.New(
//		saferunner.Concurrency(16),
//		saferunner.WithLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil))),
//		saferunner.OnFailure(func(ctx context.Context, e journal.Entry, err error) {
//			log.Printf("page somebody: %s of %s failed for good: %v", e.Task, e.RunID, err)
//		}),
//	)
//	if err != nil {
//		log.Fatal(err)
//	}
//	saferunner.SetDefault(runner)
//
// A failed async call is logged at level Error. [OnFailure] is told of it as
// well. [WithMiddleware] wraps each attempt that executes, for traces, metrics
// and error reports:
//
//	func traced(ctx context.Context, call saferunner.CallInfo, next func(context.Context) error) error {
//		ctx, span := trace.NewTask(ctx, call.Task)
//		defer span.End()
//		trace.Logf(ctx, "call", "run ID %s, attempt %d", call.RunID, call.Attempt)
//		err := next(ctx) // once, with a ctx made from the one it got
//		if err != nil {
//			trace.Log(ctx, "error", err.Error())
//		}
//		return err
//	}
//
// Every main ends with [Shutdown]. A server ends first, since its handlers make
// calls:
//
//	grace, cancel := context.WithTimeout(context.Background(), 20*time.Second) // less than the platform grants
//	defer cancel()
//	if err := errors.Join(server.Shutdown(grace), saferunner.Shutdown(grace)); err != nil {
//		log.Print(err) // names each call that was cut off
//	}
//
// # The journal
//
// Every call of every run is written down, recorded or executed, with its
// status and its attempts. [Calls] returns the calls under a run ID. The journal
// itself answers queries:
//
//	page, err := runner.Journal().Query(ctx, journal.Query{
//		Statuses: []journal.Status{journal.StatusFailed, journal.StatusInterrupted},
//		Limit:    20,
//	})
//
// The default journal is in memory. It keeps 10,000 entries or 64 MiB: beyond
// that it drops the oldest runs, and counts what it drops. The newest run and
// calls that have not ended stay. What is left of calls that hold a key stays
// too, up to 10,000 of them; then a call with a new key does not execute and
// fails with [journal.ErrKeysFull].
//
// [WithJournal] takes another one; package journal/sqljournal keeps entries in
// SQLite. A journal that fails after an effect is logged and counted by
// [Runner.JournalFailures]. It never turns a done call into a failed one.
//
// # Secrets
//
// A tagged field never reaches journal, log or failure text, at whatever depth:
//
//	type Card struct {
//		Holder string
//		Number string `saferunner:"redact"`
//	}
//
// [Redact] does the same for types that one cannot tag. A recorder compares the
// real values. What a task writes into its own error is journaled and logged as
// it is.
//
// # Engines
//
// [WithEngine] hands async calls to another engine. Module riverengine keeps
// them, and the journal, in SQLite or Postgres, so they survive a crash and can
// execute on other machines. A process executes calls of the tasks that it gives
// to [Runner.Start]. Package engine is for those who write an engine.
//
// # Limits
//
//   - An effect that is no task is neither seen nor stopped.
//   - In-process async calls are lost with the process.
//   - A process that a test starts is in test mode if it inherits the
//     environment of the test.
package saferunner

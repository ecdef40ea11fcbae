// Package saferunner runs side effects as lists of calls to tasks, and
// records them instead of executing them in test mode.
//
// A side effect is declared once, as a task, by [Define] or [DefineResult]. A
// task with its arguments is a [Call]. [Run] runs a list of calls under a run
// ID, a label that says where this is:
//
//	var SendSMS = saferunner.Define("sms.send", sendSMS)
//
//	_, err := saferunner.Run(ctx, "order.created",
//		SendSMS.With(SMS{To: order.Phone, Text: "Thank you!"}),
//		UpdateCRM.With(order).Async(),
//	)
//
// In production sync calls execute in order, and async ones beside the
// program, on a bounded pool. Every main ends with [Shutdown], which waits for
// them. What became of each call is in the journal: see [Calls].
//
// # Test mode
//
// In a test binary, and where SAFERUNNER_MODE is record, nothing executes:
// every call is recorded. Processes that a test starts inherit the mode with
// their environment. Package saferunnertest has what tests need to look at
// calls, to answer them, to make them fail and to let single ones through.
//
// In test mode FORCE_RUN_SIDE_EFFECTS names the tasks whose calls execute all
// the same, separated by commas; __all__ stands for every task.
//
// A SAFERUNNER_MODE other than live and record, empty included, executes
// nothing: Run returns [ErrMode].
//
// # Who owns a call
//
// In test mode the recorder in ctx; else the [Runner] in ctx, put there by
// [NewContext]; else the Runner whose method is called, or [Default] for the
// functions of this package. The ctx that a task gets carries its runner, so
// that what it runs in turn belongs to the same.
//
// # Limits
//
// Async calls are lost with the process, unless [WithEngine] names a durable
// engine, such as riverengine's. Arguments of async calls must survive
// JSON, or Run returns [ErrArguments]. The default journal holds 10,000
// entries or 64 MiB, beside calls that have not ended and 10,000 more that
// hold a key. Fields tagged
// `saferunner:"redact"` never reach journals and logs; what tasks write into
// error texts does.
package saferunner

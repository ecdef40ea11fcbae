// Package engine is for those who write an engine, which executes the async calls
// of a runner. Programs do not need the package: they give an engine to a runner
// with saferunner.WithEngine.
//
//	import "github.com/saferunner/saferunner/engine"
//
// An [Engine] takes a [Batch] of [Job]s from a Run and keeps them, for example in
// a database. Later, in this process or in another one, it hands each job to the
// [Handler] of a runner as a [Delivery]. The handler executes one attempt and
// returns an [Ending]. It says which status the call has, whether there is another
// attempt, and when. The engine obeys it and decides nothing. If the process of an
// attempt died there is no handler to ask: the engine then asks [Lost].
//
// An engine that ends the ctx of a handler says why by its cause: [ErrCancelled]
// or [ErrStopping].
//
// An engine may do more: a [Ledger] keeps the journal too, a [Teller]
// tells of the calls that it has ended itself, a [TxEngine] takes part in
// transactions, a [Canceller] cancels calls.
//
// Package engine/enginetest has the tests that every engine must pass. Module
// riverengine is an engine that does.
package engine

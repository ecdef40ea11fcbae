// Package engine is for those who write an engine: what executes the async
// calls of a saferunner.Runner that has been given one with
// saferunner.WithEngine. Programs do not need it.
//
//	import "github.com/saferunner/saferunner/engine"
//
// An [Engine] takes a [Batch] of [Job]s from a Run and keeps them, in a
// database for example. Later, in the same process or in another one that was
// started with the tasks, it hands each to the runner's [Handler] as a
// [Delivery]. The handler executes one attempt and answers with an [Ending].
// The engine obeys it and decides nothing: the ending says what the call's
// status is, whether there is another attempt, and when. For an attempt whose
// process died there is no handler to ask; the engine asks [Lost].
//
// The engine says by the cause of the handler's ctx why it ended it:
// [ErrCancelled] or [ErrStopping].
//
// Package engine/enginetest has the tests that every engine must pass, and
// module riverengine is one that does.
package engine

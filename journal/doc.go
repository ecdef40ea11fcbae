// Package journal holds the nouns of what saferunner writes down: an [Entry]
// for each call, its [Attempt]s and its [Status], and the [Journal] that keeps
// them.
//
//	import "github.com/saferunner/saferunner/journal"
//
// A program reads entries, from saferunner.Calls or from a [Query]:
//
//	page, err := runner.Journal().Query(ctx, journal.Query{
//		Statuses: []journal.Status{journal.StatusFailed, journal.StatusInterrupted},
//		Limit:    20,
//	})
//
// To keep entries elsewhere, implement [Journal]; package journal/journaltest
// has the tests that it must pass. Package journal/sqljournal keeps entries in
// SQLite.
//
// # Order
//
// The order of entries is that of their IDs. An ID begins with the time of
// Run in milliseconds, and one run takes one block of IDs: its own, then those
// of its calls. So the calls of a run stand together, the newest entries are
// those with the greatest IDs, and a cursor is a position among IDs. IDs of
// different machines are as well ordered as their clocks.
package journal

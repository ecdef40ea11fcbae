// Package saferunnertest is the test kit of saferunner: a recorder that one test
// owns, assertions on what would have happened, stubs, faults, and ways to let
// single tasks execute.
//
//	import "github.com/saferunner/saferunner/saferunnertest"
//
// A test needs none of it to be safe: under go test nothing executes. A test
// needs a [Recorder] to look at what was recorded.
//
// # A recorder
//
// Give the code under test the recorder's ctx, and assert on what it called:
//
//	rec := saferunnertest.New(t)
//	if _, err := shop.Checkout(rec.Context(), order, card); err != nil {
//		t.Fatal(err)
//	}
//	rec.Assert("order.created",
//		shop.ChargeCard.With(shop.Charge{Order: "1001", Cents: 4200, Card: card}).Key("1001"),
//		shop.SendSMS.With(shop.SMS{To: "+27821234567", Text: "Thank you!"}),
//		shop.UpdateCRM.With(order).Async(),
//	)
//
// A failed assertion shows the fields that differ, everything recorded under the
// run ID, and the assertion that holds, to be pasted.
//
// The ctx says whose calls these are, whatever the goroutine. Tests with a
// recorder each may run in parallel. Calls made without a recorder's ctx are
// recorded as well and do not execute; [Main] lists them at the end of the
// suite:
//
//	func TestMain(m *testing.M) { saferunnertest.Main(m) }
//
// # What a task does in a test
//
// A test may say what happens to the calls of a task. The last word about a task
// wins, and a word about one task beats ForceAll.
//
//   - [Stub] answers them: Do and Result return what its function returns.
//   - [Recorder.Fail] lets them fail; [Recorder.FailTimes] the next n of them;
//     [FailFunc] those whose arguments its function picks. After FailTimes, and
//     where FailFunc returns nil, the earlier word applies again.
//   - [Recorder.Force] lets them execute.
//
// [Recorder.Perform] executes later what was recorded. All of this ends with the
// test.
//
//	rec.FailTimes(shop.ChargeCard, 2, errors.New("the bank is closed")) // the next two calls
//
// # What fails a test
//
// Beside assertions, two things fail the test when it ends: a list that Run
// refused, unless [Recorder.AllowRefused] allows it, and forced async calls that
// have not ended after ten seconds. A test that fails logs what was recorded and
// not yet shown.
package saferunnertest

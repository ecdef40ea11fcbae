// Package saferunnertest is the test kit of saferunner: a recorder owned by
// one test, assertions on what would have happened, stubs, faults, and ways
// to let single calls through.
//
// A test needs none of it to be safe: under go test nothing executes. It
// needs a [Recorder] to look at what was recorded:
//
//	func TestCheckout(t *testing.T) {
//		t.Parallel()
//		rec := saferunnertest.New(t)
//		if err := shop.Checkout(rec.Context(), order); err != nil {
//			t.Fatal(err)
//		}
//		rec.Assert("order.created",
//			SendSMS.With(SMS{To: "+27821234567", Text: "Thank you!"}),
//			UpdateCRM.With(order).Async(),
//		)
//	}
//
// Calls belong to a test by the ctx that the code under test is given. Those
// made without it are recorded as well, never executed, and [Main] lists them
// at the end of the suite.
package saferunnertest

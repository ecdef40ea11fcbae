//go:build failing

package shop_test

import "testing"
import "github.com/saferunner/saferunner/examples/shop"
import "github.com/saferunner/saferunner/saferunnertest"

func TestSignUp(t *testing.T) {
	rec := saferunnertest.New(t)
	if err := shop.SignUp(rec.Context(), "+27821234567"); err != nil {
		t.Fatal(err)
	}
	rec.Assert("user.signed_up") // wants no calls, yet
}

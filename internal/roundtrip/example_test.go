package roundtrip_test

import (
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/roundtrip"
)

func Example() {
	type Line struct {
		SKU  string
		done bool
	}
	type Basket struct{ Lines []Line }

	plan := roundtrip.PlanOf(reflect.TypeFor[Basket]())
	fmt.Println(plan.Check(reflect.ValueOf(Basket{Lines: []Line{{SKU: "tea"}}}), nil))
	fmt.Println(plan.Check(reflect.ValueOf(Basket{Lines: []Line{{SKU: "tea", done: true}}}), nil))
	// Output:
	// <nil>
	// Basket.Lines[0].done (bool): an unexported field that is not zero would be lost in JSON; export it, clear it, or give roundtrip_test.Line a MarshalJSON and UnmarshalJSON
}

package snapshot_test

import (
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/snapshot"
)

func ExamplePlan() {
	type Order struct {
		ID    string
		Items []string
	}
	o := Order{ID: "A1", Items: []string{"tea", "milk"}}

	plan := snapshot.PlanOf(reflect.TypeFor[Order]())
	recorded, bytes, shared := plan.Copy(reflect.ValueOf(o))
	o.Items[0] = "coffee"

	fmt.Println(recorded.Interface(), bytes)
	fmt.Println(plan.Flat(), shared)
	fmt.Println(plan.Equal(recorded, reflect.ValueOf(o)))
	// Output:
	// {A1 [tea milk]} 41
	// false false
	// false
}

func ExamplePlan_Detach() {
	o := struct{ Tags []string }{[]string{"new"}}
	recorded := o
	snapshot.PlanOf(reflect.TypeOf(o)).Detach(reflect.ValueOf(&recorded).Elem())
	o.Tags[0] = "old"
	fmt.Println(recorded.Tags)
	// Output: [new]
}

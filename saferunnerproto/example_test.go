package saferunnerproto_test

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/saferunner/saferunner"
	_ "github.com/saferunner/saferunner/saferunnerproto"
)

// The import lets tasks take messages. In a test they are recorded as protojson.
func Example() {
	wait := saferunner.Define("door.open", func(ctx context.Context, d *durationpb.Duration) error {
		fmt.Println("open for", d.AsDuration())
		return nil
	})
	ctx := context.Background()
	if err := wait.Do(ctx, "visitor.came", durationpb.New(90e9)); err != nil {
		fmt.Println(err)
	}
	calls, _ := saferunner.Calls(ctx, "visitor.came")
	fmt.Println(calls[0].Task, calls[0].Status)
	// Output: door.open recorded
}

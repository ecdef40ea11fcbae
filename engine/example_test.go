package engine_test

import (
	"fmt"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// The process of an attempt has died. Whether its effect happened nobody knows,
// so the call executes again only if its task allows another attempt.
func ExampleLost() {
	once := engine.TaskSpec{Name: "card.charge"}
	often := engine.TaskSpec{Name: "crm.update", Retry: engine.RetryPolicy{MaxAttempts: 5, Initial: time.Second}}

	for _, task := range []engine.TaskSpec{once, often} {
		e := engine.Lost(task, 1)
		fmt.Println(task.Name, e.Status, e.Wait)
	}
	// Output:
	// card.charge interrupted 0s
	// crm.update queued 1s
}

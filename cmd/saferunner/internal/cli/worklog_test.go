package cli

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The same cause is said once a minute, whoever in the engine says it.
func TestWorkLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		first, second := time.Now().Format(time.DateTime), time.Now().Add(quietFor).Format(time.DateTime)
		log := newWorkLog(&out)
		away := errors.New("connection\nrefused")
		log.Info("not for a user")
		log.With("queue", "default").Error("cannot fetch", "err", away, "attempt", 1)
		log.WithGroup("g").Error("cannot complete", "error", away)
		log.Warn("giving up")
		log.Warn("giving up")
		log.Error("saferunner: a call waits", "entry", "1", "error", away)
		log.Error("saferunner: a call waits", "entry", "2", "error", away)
		log.Error("saferunner: async call interrupted", "run_id", "order.created", "task", "sms.send", "entry", "3", "error", "its end was not seen")
		log.Error("saferunner: call interrupted: its process is gone", "task", "crm.update", "entry", "4")
		time.Sleep(quietFor)
		log.Error("cannot fetch", "err", away)
		want := "saferunner: " + first + " error: cannot fetch: connection refused\n" +
			"saferunner: " + first + " warn: giving up\n" +
			"saferunner: " + first + " error: a call waits (call 1): connection refused\n" +
			"saferunner: " + first + " error: a call waits (call 2): connection refused\n" +
			"saferunner: " + first + " error: async call interrupted (sms.send of order.created, call 3): its end was not seen\n" +
			"saferunner: " + first + " error: call interrupted: its process is gone (crm.update, call 4)\n" +
			"saferunner: " + second + " error: cannot fetch: connection refused\n"
		if got := out.String(); got != want {
			t.Errorf("printed:\n%swant:\n%s", got, want)
		}
		for range 2 * maxCauses {
			log.Error("x", "err", time.Now().String())
			time.Sleep(time.Nanosecond)
		}
		if n := len(log.Handler().(*workLog).causes); n > maxCauses {
			t.Errorf("%d causes are remembered", n)
		}
	})
}

package riverengine

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// An error that River repeats each second is logged each minute, with how often
// it was left out; what it says of single jobs is logged each time.
func TestQuiet(t *testing.T) {
	var log logged
	handler := quiet(log.logger()).With("worker", "w").Handler()
	say := func(after time.Duration, level slog.Level, message string, attrs ...slog.Attr) {
		r := slog.NewRecord(time.Unix(1, 0).Add(after), level, message, 0)
		r.AddAttrs(attrs...)
		if !handler.Enabled(t.Context(), level) {
			return
		}
		if err := handler.Handle(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	for second := range 150 {
		after := time.Duration(second) * time.Second
		say(after, slog.LevelError, "Error fetching jobs", slog.String("err", "connection refused"))
		say(after, slog.LevelError, "Elector: Error attempting to elect", slog.String("err", "starting up"))
		say(after, slog.LevelInfo, "never")
	}
	for range 3 {
		say(0, slog.LevelError, "Error completing job", slog.Int64("job_id", 7))
	}
	for text, want := range map[string]int{
		"Error fetching jobs": 3, "Error attempting to elect": 3, "left_out=59": 4, "never": 0,
		"Error completing job": 3, "worker=w": 9,
	} {
		if n := strings.Count(log.String(), text); n != want {
			t.Errorf("%s: %d times, want %d", text, n, want)
		}
	}
}

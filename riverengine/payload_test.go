package riverengine

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/engine"
	"github.com/saferunner/saferunner/journal"
)

// Arguments that Postgres does not hold in a jsonb reach the task as they
// were sent, and the journal shows them.
func TestArgumentsBeyondJSONB(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e, got := open(), make(chan string, 1)
		works(t, e, func(_ context.Context, d engine.Delivery) error {
			got <- string(d.Payload)
			return nil
		}, note)
		for _, payload := range append([]string{strings.Repeat("7", 200_000), "[0." + strings.Repeat("0", 20_000) + "1]", "\"a\xffb\""}, beyondJSONB...) {
			b, short := batchOf(engine.Job{Task: note, Payload: json.RawMessage(payload)}), payload[:min(len(payload), 40)]
			if _, err := e.Submit(t.Context(), b); err != nil {
				t.Errorf("%s: %v", short, err)
				continue
			}
			if text := <-got; text != payload {
				t.Errorf("delivered %.40s, want %s", text, short)
			}
			want := strings.ToValidUTF8(payload, "\ufffd")
			if entry := becomes(t, e, b.Jobs[0].EntryID, journal.StatusDone); string(entry.Args) != want {
				t.Errorf("shows %.40s, want %s", entry.Args, short)
			}
		}
	})
}

// What Postgres holds as it is stays readable there.
func TestBeyondJSONB(t *testing.T) {
	for _, payload := range []string{`{"id":"7e57e4d2-1e400-4e1e","n":-12.50,"t":true,"f":false}`, `"\\\"1e9"`, `[1,23]`, `"` + strings.Repeat("7", 2000) + `"`, `"é"`} {
		if !json.Valid([]byte(payload)) || notForJSONB([]byte(payload)) {
			t.Errorf("%s: it would be encoded", payload)
		}
	}
}

// Names that no database can hold are told apart.
func TestNamesOfBadText(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		for want, change := range map[string]func(*engine.Batch){
			"key \"a\\xffb\" is not valid UTF-8":    func(b *engine.Batch) { b.Jobs[0].Key = "a\xffb" },
			"run ID \"a\\xffb\" is not valid UTF-8": func(b *engine.Batch) { b.RunID = "a\xffb" },
			"its key has 9000 bytes":                func(b *engine.Batch) { b.Jobs[0].Key = strings.Repeat("k", 9000) },
			"its run ID has 257 bytes":              func(b *engine.Batch) { b.RunID = strings.Repeat("r", 257) },
			"a zero byte in its run ID":             func(b *engine.Batch) { b.RunID = "a\x00b" },
		} {
			b := batchOf(engine.Job{Task: note})
			change(&b)
			if _, err := e.Submit(t.Context(), b); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), note.Name) {
				t.Errorf("%v, want %q", err, want)
			}
		}
	})
}

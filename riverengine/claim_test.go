package riverengine

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/saferunner/saferunner/engine"
)

// givingBack is a session in which the key is given back, so often, between
// the try to claim it and the look who holds it.
type givingBack struct {
	session
	times int
}

func (g *givingBack) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	if g.times > 0 && strings.Contains(query, "FROM @claims") {
		g.times--
		if _, err := g.exec(ctx, "DELETE FROM @claims"); err != nil {
			return err
		}
		defer func() {
			_, _ = g.exec(ctx, "INSERT INTO @claims (task, key, entry_id) VALUES ('note.take', 'k', 'other')")
		}()
	}
	return g.session.query(ctx, each, query, args...)
}

// A key that is given back while it is claimed is claimed again.
func TestKeyGivenBackMeanwhile(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(...Option) *Engine) {
		e := open()
		submit(t, e, engine.Job{Task: note, Key: "k", EntryID: "other"})
		for times, want := range map[int]string{0: "other", 3: "other", 1000: ""} {
			err := e.db.write(t.Context(), func(s session, _ any) error {
				holder, err := claim(t.Context(), &givingBack{s, times}, "", note.Name, "k", "mine")
				if holder != want || (err != nil) != (want == "") {
					t.Errorf("given back %d times: holder %q, want %q, %v", times, holder, want, err)
				}
				return errRollback
			})
			if !errors.Is(err, errRollback) {
				t.Error(err)
			}
		}
	})
}

package riverengine

import (
	"context"
	"log/slog"
	"time"

	"github.com/saferunner/saferunner/engine"
)

// gatherPause is between two looks for calls in other queues. It is longer
// than workers take to see what has come into theirs: two versions that move
// the same calls do not keep each other from working them.
var gatherPause = time.Minute

// gathering moves calls of the engine's tasks into the queues that these have
// here, until ctx ends: at first those that another version has left, then
// those that one queues which still runs. It says which tasks nobody works.
func (e *Engine) gathering(ctx context.Context, tasks []engine.TaskSpec) {
	queues := make(map[string]string, len(tasks)) // of kinds
	for _, spec := range tasks {
		queues[kindOf(spec.Name)] = queueOf(spec.Queue)
	}
	unworked := unworked{logged: map[string]bool{}}
	for ctx.Err() == nil {
		if err := e.gather(ctx, queues); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "saferunner: cannot look for calls in the queues that their tasks had before", slog.Any("error", err))
		}
		if err := unworked.look(ctx, e, queues); err != nil && ctx.Err() == nil {
			e.log.WarnContext(ctx, "saferunner: cannot look for calls that nobody works", slog.Any("error", err))
		}
		select {
		case <-time.After(gatherPause):
		case <-ctx.Done():
		}
	}
}

// gather moves those that are due. The others are moved once they are.
func (e *Engine) gather(ctx context.Context, queues map[string]string) error {
	var waiting []string
	s := e.db.read()
	err := s.query(ctx, func(scan scan) error {
		var queue string
		err := scan(&queue)
		waiting = append(waiting, queue)
		return err
	}, queuesOfWaiting)
	if err != nil {
		return err
	}
	for kind, own := range queues {
		for _, queue := range waiting {
			if queue == own {
				continue
			}
			if err := e.gatherFrom(ctx, s, kind, queue, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// gatherFrom moves the calls of a kind from a queue to the kind's own.
func (e *Engine) gatherFrom(ctx context.Context, s session, kind, queue, own string) error {
	var found int
	if err := s.query(ctx, func(scan scan) error { return scan(&found) }, strayOfKind, queue, kind); err != nil || found == 0 {
		return err
	}
	if _, err := s.exec(ctx, "UPDATE @river_job SET queue = $1 WHERE state = 'available' AND queue = $2 AND kind = $3", own, queue, kind); err != nil {
		return err
	}
	e.db.committed(map[string]struct{}{own: {}})
	return nil
}

const (
	// queuesOfWaiting steps from queue to queue in the index by which River fetches,
	// and reads a row of each.
	queuesOfWaiting = `WITH RECURSIVE waiting (queue) AS (
    SELECT (SELECT queue FROM @river_job WHERE state = 'available' ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue FROM @river_job j WHERE j.state = 'available' AND j.queue > waiting.queue ORDER BY j.queue LIMIT 1) FROM waiting WHERE waiting.queue IS NOT NULL
)
SELECT queue FROM waiting WHERE queue IS NOT NULL`
	// strayOfKind reads what waits in the queue, or of the kind.
	strayOfKind = "SELECT 1 FROM @river_job WHERE state = 'available' AND queue = $1 AND kind = $2 LIMIT 1"
)

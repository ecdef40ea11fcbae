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
	var strays [][2]string
	s := e.db.read()
	err := s.query(ctx, func(scan scan) error {
		var kind, queue string
		err := scan(&kind, &queue)
		if own, ok := queues[kind]; ok && own != queue {
			strays = append(strays, [2]string{kind, queue})
		}
		return err
	}, "SELECT DISTINCT kind, queue FROM @river_job WHERE state = 'available'")
	if err != nil {
		return err
	}
	for _, stray := range strays {
		kind, queue := stray[0], stray[1]
		if _, err := s.exec(ctx, "UPDATE @river_job SET queue = $1 WHERE state = 'available' AND queue = $2 AND kind = $3", queues[kind], queue, kind); err != nil {
			return err
		}
		e.db.committed(map[string]struct{}{queues[kind]: {}})
	}
	return nil
}

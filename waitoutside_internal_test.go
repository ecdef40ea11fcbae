package saferunner

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// away is a journal that cannot be reached for a while.
type away struct {
	Journal
	until time.Time
}

var errAway = errors.New("connection refused")

func (a away) Query(context.Context, Query) (Page, error) {
	if time.Now().Before(a.until) {
		return Page{}, errAway
	}
	return Page{}, nil
}

func TestWaitWhileTheJournalIsAway(t *testing.T) {
	for name, tt := range map[string]struct {
		away, ctx time.Duration
		want      error
	}{
		"it comes back":     {lookPatience - time.Second, time.Hour, nil},
		"it does not":       {time.Hour, time.Hour, errAway},
		"the ctx ends then": {time.Hour, time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
				defer cancel()
				run := listRun{runID: "order.created", ids: strings.Repeat("1", idLength), outside: away{until: time.Now().Add(tt.away)}}
				if err := run.waitOutside(ctx); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
}

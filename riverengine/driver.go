package riverengine

import "github.com/riverqueue/river/riverdriver"

// riverDriver is River's, with two changes: the engine judges lost jobs, and
// where there is a wake-up, that listens instead of the database's own listener.
type riverDriver[TTx any] struct {
	riverdriver.Driver[TTx]
	engine *Engine
	wake   *wakeup
}

func (d riverDriver[TTx]) GetExecutor() riverdriver.Executor {
	return executor{d.Driver.GetExecutor(), d.engine}
}

func (d riverDriver[TTx]) SupportsListenNotify() bool {
	return (d.wake == nil || d.wake.notifies) && d.Driver.SupportsListenNotify()
}

func (d riverDriver[TTx]) SupportsListener() bool { return true }

func (d riverDriver[TTx]) GetListener(p *riverdriver.GetListenenerParams) riverdriver.Listener {
	if d.wake != nil {
		return d.wake
	}
	return d.Driver.GetListener(p)
}

func driverOf[TTx any](d riverdriver.Driver[TTx], e *Engine, wake *wakeup) riverdriver.Driver[TTx] {
	return riverDriver[TTx]{d, e, wake}
}

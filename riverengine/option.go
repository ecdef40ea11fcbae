package riverengine

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Option changes an engine.
type Option func(*options) error

type options struct {
	aead        cipher.AEAD
	log         *slog.Logger
	timeout     time.Duration
	concurrency int
	queues      map[string]int
	schema      string
	readOnly    bool
}

const (
	defaultConcurrency = 64
	defaultTimeout     = time.Minute
	maxConcurrency     = 10_000
)

func apply(opts []Option) (*options, error) {
	o := &options{log: slog.Default(), timeout: defaultTimeout, concurrency: defaultConcurrency, queues: map[string]int{}, schema: "saferunner"}
	for _, option := range opts {
		if option == nil {
			return nil, errors.New("riverengine: an option is nil")
		}
		if err := option(o); err != nil {
			return nil, fmt.Errorf("riverengine: %w", err)
		}
	}
	return o, nil
}

// Seal encrypts the arguments of calls in the database. All processes that
// run or work calls need the same key. Without it, a call whose arguments
// hold fields tagged `saferunner:"redact"` is refused. The journal shows
// arguments with these fields redacted either way.
func Seal(aead cipher.AEAD) Option {
	return func(o *options) error {
		if aead == nil {
			return errors.New("Seal: the cipher is nil")
		}
		o.aead = aead
		return nil
	}
}

// Concurrency limits how many calls this process executes at once, from each
// queue that [QueueConcurrency] does not name: 1 to 10000. Without it there
// are 64.
func Concurrency(n int) Option {
	return func(o *options) error {
		if n < 1 || n > maxConcurrency {
			return fmt.Errorf("Concurrency(%d): must be 1 to %d", n, maxConcurrency)
		}
		o.concurrency = n
		return nil
	}
}

// QueueConcurrency limits how many calls this process executes at once from
// one queue: 1 to 10000. It has no effect on a queue that no task of Start
// names.
func QueueConcurrency(queue string, n int) Option {
	return func(o *options) error {
		if queue == "" || n < 1 || n > maxConcurrency {
			return fmt.Errorf("QueueConcurrency(%q, %d): needs a queue, and 1 to %d", queue, n, maxConcurrency)
		}
		o.queues[queue] = n
		return nil
	}
}

// DefaultTimeout is how long an attempt may take whose task has no Timeout.
// Without it that is one minute. There is always a limit; a call that goes on
// for 5 seconds beyond it stays running, and is logged.
func DefaultTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("DefaultTimeout(%s): must be positive", d)
		}
		o.timeout = d
		return nil
	}
}

// Logger makes the engine, and River, log warnings and errors to l instead of
// [slog.Default]. Errors of River that are of no single job, such as those of
// each second while the database is away, are logged once a minute each.
func Logger(l *slog.Logger) Option {
	return func(o *options) error {
		if l == nil {
			return errors.New("Logger: the logger is nil")
		}
		o.log = l
		return nil
	}
}

// ReadOnly opens a database to read its journal, and nothing else: one that a
// standby has, or a file that this user may not write. Nothing is made or brought
// up to date there. It fails if the tables are missing, or not of this version.
func ReadOnly() Option {
	return func(o *options) error {
		o.readOnly = true
		return nil
	}
}

package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/saferunner/saferunner"
)

var cancelled = map[string]context.CancelFunc{}

var scenarios = []scenario{
	{"commit", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async().Key("commit"), note.With("2").Async())
		st.run(st.ctx, note.With("3"))
		st.run(st.ctx, note.With("4").Async(), note.With("5"))
		calls, err := saferunner.Calls(context.Background(), st.name)
		fmt.Println(st.name, st.reports[0].Outcomes()[0].Status, st.reports[0].Wait(st.ctx), len(calls))
		return err
	}},
	{"rollback", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async().Key("rollback"), note.With("2").Async())
		st.run(st.ctx, note.With("3"))
		return errOops
	}},
	{"panic", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async())
		st.run(st.ctx, note.With("2"))
		panic("of fn")
	}},
	{"goexit", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async())
		runtime.Goexit()
		return nil
	}},
	{"open rows", func(st *stage) error {
		st.insert()
		return st.tx.read("SELECT name FROM things", func() { st.run(st.ctx, note.With("row").Async().Key("open")) })
	}},
	{"held key", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async().Key("commit"))
		st.run(st.ctx, note.With("2").Async().Key("twice"), note.With("3").Async().Key("twice"))
		st.run(st.ctx, note.With("4").Async().Key("twice"))
		return nil
	}},
	{"goroutine", func(st *stage) error {
		st.insert()
		var group sync.WaitGroup
		group.Go(func() { st.run(st.ctx, note.With("1").Async()) })
		group.Wait()
		return nil
	}},
	{"nested", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async())
		for i, end := range []error{nil, errOops} {
			err := st.db.in(st.ctx, st, func(st *stage) error {
				st.insert()
				st.run(st.ctx, note.With(fmt.Sprint("in ", i)).Async())
				st.run(st.ctx, note.With(fmt.Sprint("sync in ", i)))
				return end
			})
			fmt.Println("nested returned", err == end)
		}
		err := st.db.in(st.ctx, st, func(st *stage) error {
			st.insert()
			st.run(st.ctx, note.With("never").Async())
			return st.db.in(st.ctx, st, func(st *stage) error { return st.tx.exec("INSERT INTO missing VALUES (1)") })
		})
		fmt.Println("nested returned", err != nil)
		func() {
			defer func() { fmt.Println("nested panicked:", recover()) }()
			_ = st.db.in(st.ctx, st, func(st *stage) error {
				st.insert()
				st.run(st.ctx, note.With("never").Async())
				panic("within")
			})
		}()
		st.run(st.ctx, note.With("2").Async())
		return nil
	}},
	{"two at once", func(st *stage) error {
		outer := st.ctx
		return st.db.in(st.ctx, st, func(st *stage) error {
			err := st.db.in(outer, st, func(*stage) error { return nil })
			fmt.Println(st.name, err)
			return nil
		})
	}},
	{"commits itself", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async())
		st.run(st.ctx, note.With("2"))
		return st.tx.commit()
	}},
	{"commits itself, sync", func(st *stage) error {
		st.run(st.ctx, note.With("1"))
		return st.tx.commit()
	}},
	{"cannot queue", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async(), charge.With(card{"4242"}).Async())
		st.run(st.ctx, note.With("2"))
		return nil
	}},
	{"ctx ends", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("1").Async())
		st.run(st.ctx, note.With("2"))
		cancelled[st.name]()
		return nil
	}},
	{"fails after it", func(st *stage) error {
		st.insert()
		st.run(st.ctx, note.With("fails"), note.With("skipped"))
		st.run(st.ctx, note.With("2"))
		return nil
	}},
	{"elsewhere", func(st *stage) error {
		st.insert()
		r, err := st.elsewhere.Run(st.ctx, st.name, note.With("1").Async())
		st.reports = append(st.reports, r)
		return err
	}},
	{"spent", func(st *stage) error {
		ctx := context.WithoutCancel(st.ctx)
		late = func() {
			st.run(ctx, note.With("late").Async())
			err := st.db.in(ctx, st, func(*stage) error { panic("begun") })
			fmt.Println("InTx is refused, since the ctx is spent:", strings.Contains(err.Error(), "is spent, after Commit or Rollback"))
		}
		return nil
	}},
	{"after it", func(*stage) error { late(); return nil }},
}

var late func()

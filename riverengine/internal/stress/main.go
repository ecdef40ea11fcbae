//go:build unix

// Stress tries whether durable calls keep their promises when processes are
// stopped and killed, the database goes away, OnFailure is slow, and a leader's
// clock is ahead: no call without Attempts is executed twice, none is executed
// while another attempt of it executes unless its process was stopped, and the
// journal says what has happened.
//
//	go run ./internal/stress                       all, on both databases: about three minutes
//	go run ./internal/stress -short                at a pace for tests
//	go run ./internal/stress -only zombie,outage -on postgres
//
// It needs the Go toolchain, and for Postgres the programs of its server, of
// which it starts one for each scenario. All run at once.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	inShort := flag.Bool("short", false, "at a pace for tests")
	only := flag.String("only", strings.Join(slices.Sorted(maps.Keys(scenarios)), ","), "which scenarios")
	on := flag.String("on", "sqlite,postgres", "which databases")
	rounds := flag.Int("rounds", 1, "how often, one after the other")
	flag.Parse()
	p := full
	if *inShort {
		p = short
	}
	failed := false
	for range *rounds {
		ok, err := all(p, strings.Split(*on, ","), strings.Split(*only, ","))
		if err != nil {
			fmt.Fprintln(os.Stderr, "stress:", err)
			os.Exit(1)
		}
		failed = failed || !ok
	}
	if failed {
		fmt.Println("FAILED")
		os.Exit(1)
	}
	fmt.Println("all promises were kept")
}

// all runs scenarios on databases, all at once, and reports whether all went well.
func all(p plan, kinds, names []string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "saferunner-stress")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, name := range names {
		if scenarios[name] == nil {
			return false, fmt.Errorf("%s: no such scenario", name)
		}
	}
	program, err := build(dir)
	if err != nil {
		return false, err
	}
	began := time.Now()
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("%6s  %s\n", time.Since(began).Round(time.Second), fmt.Sprintf(format, args...))
	}
	ok = true
	var running sync.WaitGroup
	for _, kind := range kinds {
		for _, name := range names {
			running.Go(func() {
				its := filepath.Join(dir, kind+"-"+name)
				err := os.Mkdir(its, 0o700)
				if err == nil {
					err = run(program, its, kind, name, p, say)
				}
				if err != nil {
					say("%-8s %-8s FAILED: %v", kind, name, err)
					mu.Lock()
					ok = false
					mu.Unlock()
				}
			})
		}
	}
	running.Wait()
	return ok, nil
}

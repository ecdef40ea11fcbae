package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// together measures how long so many processes take for what is queued.
func (n named) together(ctx context.Context, s subject, database string, processes int) error {
	for range jobs / batch {
		if err := s.enqueue(ctx, batch); err != nil {
			return err
		}
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	others := make([]*helper, processes)
	for i := range others {
		if others[i], err = startHelper(ctx, n.name, database); err != nil {
			return err
		}
	}
	begin := time.Now()
	for _, o := range others {
		if _, err := io.WriteString(o.stdin, "go\n"); err != nil {
			return err
		}
	}
	if err := allWorked(ctx, conn); err != nil {
		return err
	}
	n.show(fmt.Sprintf("WorkOf%d", processes), "ns/op", time.Since(begin)/jobs)
	for _, o := range others {
		err = errors.Join(err, o.stdin.Close(), o.Wait())
	}
	return err
}

// allWorked returns when no job waits or executes.
func allWorked(ctx context.Context, conn *pgx.Conn) error {
	var table string
	if err := conn.QueryRow(ctx, "SELECT coalesce(to_regclass('saferunner.river_job'), to_regclass('river_job'))::text").Scan(&table); err != nil {
		return err
	}
	for left := true; left; time.Sleep(5 * time.Millisecond) {
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+table+" WHERE state IN ('available', 'running'))").Scan(&left); err != nil {
			return err
		}
	}
	return nil
}

// helper is a process of this program that works.
type helper struct {
	*exec.Cmd
	stdin io.WriteCloser
}

// startHelper returns when the process has opened the database.
func startHelper(ctx context.Context, name, database string) (*helper, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &helper{Cmd: exec.CommandContext(ctx, program, "-work", name, database)}
	h.Stderr = os.Stderr
	if h.stdin, err = h.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.Start(); err != nil {
		return nil, err
	}
	_, err = bufio.NewReader(out).ReadString('\n')
	return h, err
}

// workAlong is what a helper does.
func workAlong(ctx context.Context, name, database string) error {
	all := subjects("", "")
	i := slices.IndexFunc(all, func(n named) bool { return n.name == name })
	if i < 0 {
		return fmt.Errorf("there is no %s", name)
	}
	s, err := all[i].open(ctx, database)
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	fmt.Println("ready")
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	if err := s.start(ctx, func() {}); err != nil {
		return err
	}
	_, _ = in.ReadString('\n') // its end
	return errors.Join(s.stop(ctx), s.close(ctx))
}
